/**
 * Encrypts and signs what older storage keys sealed again under the newest key, so that the older secrets can be
 * removed. It also signs records that an earlier version wrote without a signature. A record that cannot be read is
 * named and left as it is.
 */
import { understood } from '../shared/r2-documents.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { MachinePorts } from './issue.ts';
import { badField, faultText, isRecordFault, type OperatorFault } from './problems.ts';
import {
  isUnreadable,
  machineDocument,
  type ReplaceableDocument,
  replaceableFleet,
  replaceableMachine,
  replaceableProfile,
} from './records/documents.ts';
import { type Fleet, fleetContext } from './records/fleet-model.ts';
import {
  type Machine,
  machineContext,
  type Profile,
  parseSealed,
  profileContext,
  renderingContext,
  type Sealed,
} from './records/model.ts';
import { markSigned, signerOf } from './records/signed.ts';

const STAGES = ['machine', 'profile', 'fleet', 'rendering'] as const;
type Stage = (typeof STAGES)[number];
const PAGE = 50;

export interface Resealed {
  readonly looked: number;
  readonly resealed: number;
  /** Records and renderings that cannot be read, and why. They stay as they are. */
  readonly unreadable: readonly { readonly id: string; readonly reason: string }[];
  /** Where the next call continues; `null` at the end. */
  readonly cursor: string | null;
}

/**
 * Reseals one page of records or renderings. `cursor` is the one that the previous call returned. The last page leaves
 * the mark that all records are signed. `adopt` signs records without a signature although the mark is there: the
 * operator vouches for them, after a roll back or a restore.
 */
export async function reseal(
  ports: MachinePorts,
  { cursor, adopt }: { readonly cursor: string | undefined; readonly adopt: boolean },
): Promise<Result<Resealed, OperatorFault>> {
  const [newest] = await ports.vault.keyIds();
  if (newest === undefined) return err({ reason: 'no-secret' });
  // An empty cursor is that of a script whose first round has none.
  const place = (cursor ?? '') === '' ? 'machine' : await placeOf(ports, cursor ?? '');
  const [stageName = '', ...pageCursor] = (place ?? '').split(':');
  const stage = STAGES.find((candidate) => candidate === stageName);
  if (stage === undefined)
    return err(badField('cursor', 'is not one that this call gave: take the cursor of the page before'));
  const options = { limit: PAGE, cursor: pageCursor.length === 0 ? undefined : pageCursor.join(':') };
  const page = stage === 'rendering' ? await ports.store.renderings(options) : await ports.store.list(stage, options);
  if (!page.ok) return page;
  let resealed = 0;
  const unreadable: { id: string; reason: string }[] = [];
  for (const { name, summary } of page.value.items) {
    const isSealed = summary['key'] === newest || summary['key'] === '';
    if (isSealed && (stage === 'rendering' || signerOf(summary) === newest)) continue;
    const outcome = await resealOne(ports, { stage, name, newest, adopt });
    if (outcome.ok) resealed += 1;
    else if (isRecordFault(outcome.error))
      unreadable.push({ id: `${stage} ${name}`, reason: faultText(outcome.error) });
    else return outcome;
  }
  const next = page.value.cursor === undefined ? nextStage(stage) : `${stage}:${page.value.cursor}`;
  const marked = next === null ? await markSigned(ports) : ok(undefined);
  const given = next === null ? null : await cursorFor(ports, next);
  return marked.ok ? ok({ looked: page.value.items.length, resealed, unreadable, cursor: given }) : marked;
}

/**
 * Returns the cursor for a place, with a signature. The last page leaves the mark that all records are signed, so a call
 * must not begin at a place to which no call has come from the beginning.
 */
const cursorFor = async ({ vault }: MachinePorts, place: string): Promise<string> =>
  `${place}~${(await vault.sign(signedPlace(place))) ?? ''}`;

/** Returns the place of a cursor that `cursorFor` made, or `undefined`. */
async function placeOf({ vault }: MachinePorts, cursor: string): Promise<string | undefined> {
  const end = cursor.lastIndexOf('~');
  const place = cursor.slice(0, Math.max(end, 0));
  const signed = await vault.checkSignature(signedPlace(place), cursor.slice(end + 1));
  return signed.ok ? place : undefined;
}

const signedPlace = (place: string): string => `reseal:${place}`;

function nextStage(stage: Stage): string | null {
  return STAGES[STAGES.indexOf(stage) + 1] ?? null;
}

interface One {
  readonly stage: Stage;
  readonly name: string;
  readonly newest: string;
  readonly adopt: boolean;
}

async function resealOne(
  ports: MachinePorts,
  { stage, name, newest, adopt }: One,
): Promise<Result<undefined, OperatorFault>> {
  const resealText = async (sealed: Sealed | null, context: string): Promise<Result<Sealed | null, OperatorFault>> => {
    if (sealed === null || sealed.key === newest) return ok(sealed);
    const text = await ports.vault.open(sealed, context);
    return text.ok ? ok({ ...sealed, ...(await ports.vault.seal(text.value, context)) }) : text;
  };
  if (stage === 'rendering') return await resealRendering(ports, name, resealText);
  const { store, copies, vault } = ports;
  const records = { store, copies, vault, acceptsUnsigned: adopt };
  if (stage === 'fleet')
    return await resealRecord(replaceableFleet(records, name), (fleet) => resealedFleet(fleet, resealText));
  return stage === 'machine'
    ? await resealRecord(replaceableMachine(records, name), (machine) => resealedMachine(machine, resealText))
    : await resealRecord(replaceableProfile(records, name), (profile) => resealedProfile(profile, resealText));
}

/**
 * Makes one attempt. If another writer is first, that writer has used the newest key already. A record whose texts
 * cannot be opened is signed all the same, and the fault is returned.
 */
async function resealRecord<T extends Machine | Profile | Fleet>(
  document: ReplaceableDocument<T>,
  nextRecord: (record: T) => Promise<Result<T, OperatorFault>>,
): Promise<Result<undefined, OperatorFault>> {
  const stored = await document.read();
  if (!stored.ok) return stored;
  if (stored.value === undefined) return ok(undefined);
  const { value, etag } = stored.value;
  if (isUnreadable(value)) return err(value.unreadable);
  const after = await nextRecord(value);
  const written = await document.write(after.ok ? after.value : value, etag);
  if (!written.ok) return written;
  return after.ok ? ok(undefined) : after;
}

type ResealText = (sealed: Sealed | null, context: string) => Promise<Result<Sealed | null, OperatorFault>>;

async function resealedMachine(machine: Machine, resealText: ResealText): Promise<Result<Machine, OperatorFault>> {
  const userData = await resealText(machine.userData, machineContext(machine, 'userData'));
  if (!userData.ok) return userData;
  const sourceText = await resealText(machine.sourceText, machineContext(machine, 'sourceText'));
  if (!sourceText.ok) return sourceText;
  const vars = await resealText(machine.vars ?? null, machineContext(machine, 'vars'));
  if (!vars.ok) return vars;
  const texts = { userData: userData.value, sourceText: sourceText.value };
  return ok({ ...machine, ...texts, ...(machine.vars === undefined ? {} : { vars: vars.value }) });
}

async function resealedProfile(profile: Profile, resealText: ResealText): Promise<Result<Profile, OperatorFault>> {
  const base = await resealText(profile.base, profileContext(profile, 'base'));
  if (!base.ok) return base;
  const fallback = await resealText(profile.default, profileContext(profile, 'default'));
  if (!fallback.ok) return fallback;
  const vars = await resealText(profile.vars ?? null, profileContext(profile, 'vars'));
  if (!vars.ok) return vars;
  // What cannot be opened any more is nothing to keep: it decides nothing, and must hold up no key.
  const resealed = await resealText(profile.sources ?? null, profileContext(profile, 'sources'));
  const sources = resealed.ok ? resealed.value : null;
  const texts = { base: base.value, default: fallback.value };
  const known = { ...(profile.vars === undefined ? {} : { vars: vars.value }) };
  const written = { ...(profile.sources === undefined ? {} : { sources }) };
  return ok({ ...profile, ...texts, ...known, ...written });
}

async function resealedFleet(fleet: Fleet, resealText: ResealText): Promise<Result<Fleet, OperatorFault>> {
  const definition = await resealText(fleet.definition, fleetContext(fleet));
  return definition.ok ? ok({ ...fleet, definition: definition.value }) : definition;
}

async function resealRendering(
  ports: MachinePorts,
  name: string,
  resealText: ResealText,
): Promise<Result<undefined, OperatorFault>> {
  const { store } = ports;
  const slash = name.lastIndexOf('/');
  const [id, sha512] = [name.slice(0, slash), name.slice(slash + 1)];
  const stored = await store.rendering(id, sha512);
  if (!stored.ok) return stored;
  if (stored.value === undefined) return ok(undefined);
  const sealed = understood(`rendering ${name}`, parseSealed(stored.value.text));
  if (!sealed.ok) return sealed;
  const rendering = await resealText(sealed.value, renderingContext(id, sha512));
  if (!rendering.ok) return rendering;
  if (rendering.value === null) return ok(undefined);
  const written = await store.writeRendering(id, sha512, JSON.stringify(rendering.value), {
    ...stored.value.summary,
    key: rendering.value.key,
  });
  if (!written.ok) return written;
  // A deletion meanwhile has left its tombstone first, and has found the rendering that was read here.
  const now = await machineDocument(ports, id).read();
  if (!now.ok) return now;
  if (now.value !== undefined && now.value.value.deletedAt === null) return ok(undefined);
  return await store.deleteRenderings(id);
}
