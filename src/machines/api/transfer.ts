/**
 * Exports and imports machines as lines of JSON. A line contains the user data and the values that the machine's URLs
 * are made of, so an import under the same secret keeps every URL. An import that stops names the line, and the
 * machines that it has stored stay.
 */
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { randomText } from '../boot/capability.ts';
import { armingOf } from '../boot/once.ts';
import type { MachinePorts } from '../issue.ts';
import { openUserData } from '../layers/layers.ts';
import { type Written, writeMachine } from '../machines.ts';
import { badField, faultText, isRecordFault, machineProblem, type OperatorFault } from '../problems.ts';
import type { Summary } from '../records/bucket.ts';
import { machineDocument } from '../records/documents.ts';
import type { Handed } from '../records/handed.ts';
import { type Machine, machineContext, TEXT_LIMIT } from '../records/model.ts';
import { checkSummary } from '../records/signed.ts';
import { settingsOf } from '../settings.ts';
import { exportFleets, importFleet, isFleetLine } from './fleet-transfer.ts';
import { checkPlace, identitiesOf, type Offered, readShape, readUserText } from './machine-request.ts';
import { type Line, line, linesOf, readLine, unreadableLine } from './transfer-line.ts';

/** What an import needs: the machine ports, and the releases that iPXE may boot. */
export interface TransferPorts extends MachinePorts {
  readonly offered: Offered;
}

const MOST_LINES = 300;
/** A page ends once it has more characters than this. */
const PAGE_BYTES = 8 * 1024 * 1024;
const AT_ONCE = 30;

export interface Exported {
  /** NDJSON, one line for each machine. */
  readonly text: string;
  /** The number of lines that only name a machine which cannot be read, and say why. */
  readonly unreadable: number;
  /** The last id of the page; `null` at the end. */
  readonly place: string | null;
}

/**
 * Returns a page of machines that are not deleted, in the order of their ids, after the id `from`; all fleets before the first. One that cannot be read
 * is named.
 */
export async function exportMachines(ports: MachinePorts, from: string): Promise<Result<Exported, OperatorFault>> {
  const page = await ports.store.list('machine', { after: from, limit: AT_ONCE });
  if (!page.ok) return page;
  const fleets = from === '' ? await exportFleets(ports) : ok({ text: '', unreadable: 0 });
  if (!fleets.ok) return fleets;
  let { text, unreadable } = fleets.value;
  let count = 0;
  let current = page.value;
  for (;;) {
    const lines = await Promise.all(
      current.items.map(async ({ name, summary }) => ({
        name,
        exported: (await isDeleted(ports, name, summary)) ? ok('') : await exportLine(ports, name),
      })),
    );
    for (const { name, exported } of lines) {
      if (exported.ok) text += exported.value;
      else if (isRecordFault(exported.error)) {
        text += `${JSON.stringify({ unreadable: name, reason: faultText(exported.error) })}\n`;
        unreadable += 1;
      } else return exported;
      if (!exported.ok || exported.value !== '') count += 1;
    }
    const last = current.items.at(-1)?.name;
    if (current.cursor === undefined || last === undefined) return ok({ text, unreadable, place: null });
    if (count + AT_ONCE > MOST_LINES || text.length > PAGE_BYTES) return ok({ text, unreadable, place: last });
    const next = await ports.store.list('machine', { after: last, limit: AT_ONCE });
    if (!next.ok) return next;
    current = next.value;
  }
}

/** Returns true where a proven summary says so. A summary that somebody else has changed must not hide a machine. */
async function isDeleted(ports: MachinePorts, id: string, summary: Summary): Promise<boolean> {
  return (summary['deleted'] ?? '') !== '' && (await checkSummary(ports, 'machine', id, summary)).ok;
}

async function exportLine(ports: MachinePorts, id: string): Promise<Result<string, OperatorFault>> {
  const { vault } = ports;
  const stored = await machineDocument(ports, id).read();
  if (!stored.ok) return stored;
  const record = stored.value?.value;
  if (record === undefined || record.deletedAt !== null) return ok('');
  const userData = await openUserData(vault, record);
  if (!userData.ok) return userData;
  const source =
    record.sourceText === null ? ok(null) : await vault.open(record.sourceText, machineContext(record, 'sourceText'));
  if (!source.ok) return source;
  const settings = await settingsOf(vault, record);
  if (!settings.ok) return settings;
  const handed = record.once === true ? await ports.handed.read(id, armingOf(record)) : ok(undefined);
  if (!handed.ok) return handed;
  const { profile, epoch, nonce, expiry, createdAt } = record;
  const { channel, board, version } = settings.value;
  const exported: Line = {
    id,
    profile,
    source: record.source,
    epoch,
    nonce,
    ...((record.revoked ?? []).length === 0 ? {} : { revoked: [...(record.revoked ?? [])] }),
    ...(record.urls === undefined ? {} : { urls: { ...record.urls, list: [...record.urls.list] } }),
    expiry,
    channel,
    board,
    version,
    ...linesOf(settings.value),
    // What was for one boot, and has had it, is not open again where it is imported.
    ...(record.arming === undefined ? {} : { arming: record.arming }),
    ...(record.armedAt === undefined ? {} : { armedAt: record.armedAt }),
    ...spentOf(handed.value),
    createdAt,
    userData: userData.value ?? null,
    sourceText: source.value,
  };
  return ok(`${JSON.stringify(exported)}\n`);
}

export interface Imported {
  /** The number of machines that this call stored. */
  readonly imported: number;
  /** The number of lines that only name a machine which the export could not read; absent for none. */
  readonly skipped?: number;
  /** The line, counted from 1, that ended the import, and why. The machines of the lines before it are stored. */
  readonly stopped?: { readonly line: number; readonly detail: string; readonly fault?: OperatorFault };
}

/**
 * Stores machine after machine, until the end or the first invalid line. With `freshEpochs`, no URL of the export opens
 * the stored machines, so that a restore does not bring back what was revoked since.
 */
export async function importMachines(
  ports: TransferPorts,
  text: string,
  { freshEpochs }: { readonly freshEpochs: boolean },
): Promise<Imported> {
  let imported = 0;
  let skipped = 0;
  for (const [index, lineText] of text.split('\n').entries()) {
    if (lineText.trim() === '') continue;
    const stop = (detail: string, fault?: OperatorFault): Imported => ({
      imported,
      ...(skipped === 0 ? {} : { skipped }),
      stopped: { line: index + 1, detail, ...(fault === undefined ? {} : { fault }) },
    });
    if (imported >= MOST_LINES) return stop(`at most ${MOST_LINES} machines a call`);
    const json = readLine(lineText);
    if (json === undefined) return stop('not a line of JSON');
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return stop('is not an object');
    if (unreadableLine.safeParse(json).success) {
      skipped += 1;
      continue;
    }
    const stored = isFleetLine(json)
      ? await importFleet(ports, json, freshEpochs)
      : await importOne(ports, json, freshEpochs);
    if (!stored.ok) return stop(machineProblem(stored.error).detail, stored.error);
    imported += 1;
  }
  return { imported, ...(skipped === 0 ? {} : { skipped }) };
}

const spentOf = (handed: Handed | undefined) => ({
  ...(handed === undefined ? {} : { handedOutAt: new Date(handed.at).toISOString() }),
  ...(handed?.doneAt === undefined ? {} : { doneAt: new Date(handed.doneAt).toISOString() }),
});

/** What was for one boot, and has had it, must not be open for another one. It is noted before the record is there. */
async function keepSpent(
  { handed }: TransferPorts,
  { id, arming, handedOutAt, doneAt }: Line,
): Promise<Result<undefined, StoreFault>> {
  if (arming === undefined || handedOutAt === undefined) return ok(undefined);
  const at = Date.parse(handedOutAt);
  return await handed.write(id, arming, { at, doneAt: doneAt === undefined ? undefined : Date.parse(doneAt) });
}

/** Checks a line exactly as a PUT of the same machine is checked, and stores the machine. */
async function importOne(
  ports: TransferPorts,
  json: unknown,
  freshEpochs: boolean,
): Promise<Result<Written, OperatorFault>> {
  const read = readShape(line, json, 'a line');
  if (!read.ok) return read;
  const {
    id,
    profile,
    userData,
    source,
    sourceText,
    epoch,
    nonce,
    expiry,
    createdAt,
    ignition = '',
    hostname = '',
    ...said
  } = read.value;
  const place = checkPlace(said, ports.offered);
  if (!place.ok) return place;
  const bytes = new Uint8Array(new TextEncoder().encode(userData ?? ''));
  // If a line has a `source`, its user data was transpiled before the export.
  const format = source === null ? undefined : ('ignition' as const);
  const text = await readUserText(bytes, { format, platform: '', lenient: false });
  if (!text.ok) return text;
  const { entries: _entries, ...servedText } = text.value;
  if (sourceText !== null && new TextEncoder().encode(sourceText).length > TEXT_LIMIT)
    return err(badField('sourceText', `must have at most ${TEXT_LIMIT} bytes`));
  const spent = await keepSpent(ports, read.value);
  if (!spent.ok) return spent;
  const userText = source === null ? servedText : { ...servedText, source, sourceText: sourceText ?? undefined };
  return await writeMachine(ports, id, {
    ...userText,
    ...place.value,
    profiles: said.profiles ?? ((profile ?? '') === '' ? [] : [profile ?? '']),
    ignition: ignition === '' ? null : ignition,
    hostname: hostname === '' ? null : hostname,
    sshAuthorizedKeys: said.sshAuthorizedKeys ?? [],
    vars: said.vars ?? {},
    attributes: said.attributes ?? {},
    labels: said.labels ?? {},
    fleet: (said.fleet ?? '') === '' ? null : (said.fleet ?? null),
    identities: identitiesOf({ mac: said.mac ?? [], uuid: said.uuid, serial: said.serial, asset: said.asset }),
    kernelArgs: said.kernelArgs ?? [],
    once: said.once ?? false,
    window: said.window ?? null,
    expiresIn: undefined,
    identity: {
      ...(said.arming === undefined ? {} : { arming: said.arming }),
      ...(said.armedAt === undefined ? {} : { armedAt: said.armedAt }),
      ...(freshEpochs ? freshUrls() : { epoch, nonce, ...toldUrls(said) }),
      expiry,
      createdAt,
    },
  });
}

/** Those of the backup answer no more. */
function freshUrls() {
  const epoch = randomText();
  return { epoch, nonce: randomText(), urls: { epoch, from: 1, list: [] } };
}

const toldUrls = ({ revoked, urls }: Pick<Partial<Machine>, 'revoked' | 'urls'>) => ({
  ...(revoked === undefined ? {} : { revoked }),
  ...(urls === undefined ? {} : { urls }),
});
