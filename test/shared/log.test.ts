import { expect, it } from 'vitest';
import { WideEvent } from '../../src/shared/log.ts';

it('tells a bug in what it waits for, with its stack', async () => {
  const event = new WideEvent();
  event.set({ event: 'request' });
  event.waitFor(Promise.resolve('fine'));
  event.waitFor(Promise.reject(new TypeError('planted')));
  const fields = await event.finish(() => 5, 2);
  expect(fields).toMatchObject({ event: 'request', milliseconds: 3 });
  expect(fields['bug']).toMatch(/^TypeError: planted\n\s+at /);
});

it('says nothing of a bug when all went well', async () => {
  const event = new WideEvent();
  event.waitFor(Promise.resolve());
  expect(await event.finish(() => 0, 0)).toEqual({ milliseconds: 0 });
});
