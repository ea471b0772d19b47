/** What a call to a store makes of what is thrown into it. */
import { describe, expect, it } from 'vitest';
import { causeFields, isBug, stackOf } from '../../src/shared/cause.ts';
import { change, type Document, type Stored, update } from '../../src/shared/document.ts';
import { err, ok } from '../../src/shared/result.ts';
import { type StoreFault, storeCaller, storeProblemText } from '../../src/shared/store.ts';
import { nodePlatform } from '../support/node-platform.ts';

const instant = { ...nodePlatform, timer: () => nodePlatform.timer(0) };
const reach = storeCaller(nodePlatform);

describe('a call to a store', () => {
  it('keeps what R2 said, with its code and where it was thrown', async () => {
    const cause = new Error('get: We encountered an internal error. Please try again. (10001)');
    const outcome = await reach('read alias', () => Promise.reject(cause));
    expect(outcome).toEqual(err({ reason: 'store-unreachable', operation: 'read alias', cause }));
    const fields = causeFields(outcome.ok ? {} : outcome.error);
    expect(fields).toMatchObject({ cause: `Error: ${cause.message}`, causeCode: '10001' });
    expect(fields['causeStack']).toContain('store.test.ts');
  });

  it('says of silence that there is no cause', async () => {
    const silent = storeCaller(instant, 1);
    const outcome = await silent('head machine', () => new Promise(() => undefined));
    expect(outcome).toEqual(err({ reason: 'store-unreachable', operation: 'head machine' }));
    expect(causeFields(outcome.ok ? {} : outcome.error)).toEqual({});
  });

  it.each([
    ['a method of undefined', () => (undefined as unknown as { text(): string }).text()],
    ['a name that is not there', () => nowhere()],
    ['broken JSON of our own', () => JSON.parse('{')],
    ['an impossible length', () => new Array(-1)],
    ['a thrown text', () => Promise.reject('a text')],
  ])('throws a bug on: %s', async (_name, work) => {
    await expect(reach('read alias', async () => await work())).rejects.toBeDefined();
  });

  it('tells a bug from a fault by what the language throws', () => {
    expect(isBug(new TypeError('x'))).toBe(true);
    expect(isBug(new Error('put: Reduce your concurrent request rate for the same object. (10058)'))).toBe(false);
    expect(isBug(new DOMException('The operation failed', 'OperationError'))).toBe(false);
    expect(stackOf(new Error('here'))).toContain('store.test.ts');
  });

  it('never repeats in an answer what the store said', () => {
    const fault: StoreFault = {
      reason: 'store-unreachable',
      operation: 'read alias',
      cause: new Error('bucket secret-name'),
    };
    expect(storeProblemText(fault)).toBe('our store does not answer (read alias)');
  });
});

const nowhere = (): never => {
  throw new ReferenceError('nowhere is not defined');
};

/** A document in memory; `before` runs before each write. */
function memory<T>(initial: Stored<T> | undefined, before: (attempt: number) => StoreFault | 'lost' | undefined) {
  const state = { stored: initial, writes: 0, reads: 0 };
  const document: Document<T> = {
    read: async () => {
      state.reads += 1;
      return ok(state.stored);
    },
    write: async (value, replacing) => {
      state.writes += 1;
      const outcome = before(state.writes);
      if (outcome === 'lost') return ok(undefined);
      if (outcome !== undefined) return err(outcome);
      if (state.stored?.etag !== replacing) return ok(undefined);
      state.stored = { value, etag: `v${state.writes}` };
      return ok(state.stored.etag);
    },
  };
  return { document, state };
}

describe('compare and set', () => {
  const broken: StoreFault = { reason: 'store-unreachable', operation: 'write x' };
  const patience = { attempts: 3, delay: () => 0, readsAgain: true };

  it('reads again after a lost write, and gives what is stored with its etag', async () => {
    const { document, state } = memory({ value: 1, etag: 'a' }, (write) => (write === 1 ? 'lost' : undefined));
    const changed = await change<number, never>(instant, document, async (now) => ok((now?.value ?? 0) + 1), patience);
    expect(changed).toEqual(ok({ value: 2, etag: 'v2' }));
    expect(state.reads).toBe(2);
  });

  it('tells a conflict from a store that fails', async () => {
    const lost = memory({ value: 1, etag: 'a' }, () => 'lost');
    expect(await change(instant, lost.document, async () => ok(2), patience)).toEqual(err({ reason: 'conflict' }));
    const failing = memory({ value: 1, etag: 'a' }, () => broken);
    expect(await change(instant, failing.document, async () => ok(2), patience)).toEqual(err(broken));
    expect(await update(instant, lost.document, () => 2)).toMatchObject({ error: { reason: 'store-unreachable' } });
  });

  it('an object that cannot be understood is not asked for again, and not replaced', async () => {
    const malformed: StoreFault = { reason: 'stored-malformed', what: 'x', detail: 'it is not JSON' };
    let reads = 0;
    const document: Document<number> = {
      read: async () => {
        reads += 1;
        return err(malformed);
      },
      write: async () => ok('never'),
    };
    expect(await update(instant, document, () => 2)).toEqual(err(malformed));
    expect(reads).toBe(1);
  });

  it('a change that fails, or changes nothing, writes nothing', async () => {
    const { document, state } = memory({ value: 1, etag: 'a' }, () => undefined);
    expect(await change(instant, document, async () => err('no'), patience)).toEqual(err('no'));
    expect(await change(instant, document, async () => ok(undefined), patience)).toEqual(ok({ value: 1, etag: 'a' }));
    expect(state.writes).toBe(0);
  });
});
