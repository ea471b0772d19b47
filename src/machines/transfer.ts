/**
 * Machines as lines of JSON, user data and what their URLs are made of included: a backup that, read back under the same
 * secret, keeps every URL. Pages are small; an import that stops says where, and what it stored stays.
 */
import * as z from 'zod';
import { kindOf } from '../configs/user-data.ts';
import { ALIAS, VERSION } from '../releases/model.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { openProfile, openUserData, render, SOME_URL } from './boot/render.ts';
import { changeMachine, type MachinePorts, profileNamed } from './machines.ts';
import { machineProblem, type OperatorFault } from './problems.ts';
import { machineDocument } from './records/documents.ts';
import { type Machine, machineContext, NAME, RESERVED, TEXT_LIMIT } from './records/model.ts';

const MOST_LINES = 300;
/** A page ends before it grows beyond this. */
const PAGE_BYTES = 8 * 1024 * 1024;
const AT_ONCE = 30;
/** Of a path: it becomes a part of the iPXE script. */
const SEGMENT = /^[a-z0-9][a-z0-9-]{0,31}$/;

const line = z.object({
  id: z.string().regex(NAME),
  profile: z.string().regex(NAME).nullable(),
  source: z.enum(['butane', 'ct']).nullable().default(null),
  epoch: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  nonce: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  /** Seconds that a date can hold. */
  expiry: z.int().nonnegative().max(8_640_000_000_000),
  channel: z.string().regex(SEGMENT),
  board: z.string().regex(SEGMENT),
  version: z.union([z.string().regex(VERSION), z.string().regex(ALIAS)]),
  createdAt: z.string(),
  userData: z.string().nullable(),
  sourceText: z.string().nullable().default(null),
});

type Line = z.output<typeof line>;

export interface Exported {
  /** NDJSON, a machine a line. */
  readonly text: string;
  readonly cursor: string | undefined;
}

/** A page of machines that are not deleted, in the order of their ids. */
export async function exportMachines(
  ports: MachinePorts,
  cursor: string | undefined,
): Promise<Result<Exported, OperatorFault>> {
  const page = await ports.store.list('machine', { cursor, limit: AT_ONCE });
  if (!page.ok) return page;
  let text = '';
  let count = 0;
  let current = page.value;
  for (;;) {
    const lines = await Promise.all(
      current.items.filter(({ facts }) => (facts['deleted'] ?? '') === '').map(({ name }) => exportLine(ports, name)),
    );
    for (const exported of lines) {
      if (!exported.ok) return exported;
      text += exported.value;
      count += 1;
    }
    if (current.cursor === undefined || count + AT_ONCE > MOST_LINES || text.length > PAGE_BYTES) {
      return ok({ text, cursor: current.cursor });
    }
    const next = await ports.store.list('machine', { cursor: current.cursor, limit: AT_ONCE });
    if (!next.ok) return next;
    current = next.value;
  }
}

async function exportLine({ store, vault }: MachinePorts, id: string): Promise<Result<string, OperatorFault>> {
  const stored = await machineDocument(store, id).read();
  if (!stored.ok) return stored;
  const record = stored.value?.value;
  if (record === undefined || record.deletedAt !== null) return ok('');
  const userData = await openUserData(vault, record);
  if (!userData.ok) return userData;
  const source =
    record.sourceText === null ? ok(null) : await vault.open(record.sourceText, machineContext(record, 'sourceText'));
  if (!source.ok) return source;
  const { profile, epoch, nonce, expiry, channel, board, version, createdAt } = record;
  const exported: Line = {
    id,
    profile,
    source: record.source,
    epoch,
    nonce,
    expiry,
    channel,
    board,
    version,
    createdAt,
    userData: userData.value ?? null,
    sourceText: source.value,
  };
  return ok(`${JSON.stringify(exported)}\n`);
}

export interface Imported {
  /** Machines stored by this call. */
  readonly imported: number;
  /** Why it went no further, and at which line, from 1; the lines before it are stored. */
  readonly stopped?: { readonly line: number; readonly detail: string; readonly fault?: OperatorFault };
}

/** Stores machine after machine, until the end or the first line that cannot be. */
export async function importMachines(ports: MachinePorts, text: string): Promise<Imported> {
  let imported = 0;
  for (const [index, written] of text.split('\n').entries()) {
    if (written.trim() === '') continue;
    if (imported >= MOST_LINES)
      return { imported, stopped: { line: index + 1, detail: `at most ${MOST_LINES} machines a call` } };
    const parsed = parseLine(written);
    if (!parsed.ok) return { imported, stopped: { line: index + 1, detail: parsed.error } };
    const stored = await importOne(ports, parsed.value);
    if (!stored.ok) {
      const { detail } = machineProblem(stored.error);
      return { imported, stopped: { line: index + 1, detail, fault: stored.error } };
    }
    imported += 1;
  }
  return { imported };
}

function parseLine(written: string): Result<Line, string> {
  try {
    const parsed = line.safeParse(JSON.parse(written));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return err(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`);
    }
    if (RESERVED.includes(parsed.data.id)) return err(`id: ${parsed.data.id} is reserved`);
    if ((parsed.data.userData ?? '').length > TEXT_LIMIT) return err(`userData: over ${TEXT_LIMIT} bytes`);
    return ok(parsed.data);
  } catch {
    return err('not a line of JSON');
  }
}

async function importOne(ports: MachinePorts, wanted: Line): Promise<Result<Machine, OperatorFault>> {
  const { id, profile: name, userData, sourceText, ...rest } = wanted;
  const profile = await profileNamed(ports, name);
  if (!profile.ok) return profile;
  const material = await openProfile(ports.vault, profile.value);
  if (!material.ok) return material;
  const rendered = render({ ...material.value, user: userData ?? undefined }, SOME_URL);
  if (!rendered.ok) return err({ reason: 'invalid', entries: rendered.error.entries });
  if (name !== null) {
    const used = await ports.store.writeUse(name, id);
    if (!used.ok) return used;
  }
  return await changeMachine(ports, id, async (before) => {
    const generation = (before?.generation ?? 0) + 1;
    const seal = async (text: string | null, part: 'userData' | 'sourceText') =>
      text === null ? null : await ports.vault.seal(text, machineContext({ id, generation }, part));
    return ok({
      ...rest,
      id,
      profile: name,
      kind: kindOf(userData ?? ''),
      generation,
      updatedAt: new Date(ports.platform.now()).toISOString(),
      deletedAt: null,
      userData: await seal(userData, 'userData'),
      sourceText: await seal(sourceText, 'sourceText'),
    });
  });
}
