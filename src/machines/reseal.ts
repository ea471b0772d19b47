/** After a storage key was added in front: what older keys wrote, written anew, so that they can be dropped. */
import { err, ok, type Result } from '../shared/result.ts';
import type { MachinePorts } from './machines.ts';
import type { OperatorFault } from './problems.ts';
import {
  machineContext,
  machineFacts,
  parseMachine,
  parseProfile,
  parseSealed,
  profileContext,
  profileFacts,
  renderingContext,
  type Sealed,
} from './records/model.ts';

const STAGES = ['machine', 'profile', 'rendering'] as const;
type Stage = (typeof STAGES)[number];
const PAGE = 50;

export interface Resealed {
  readonly looked: number;
  readonly resealed: number;
  /** Where to go on; `null` at the end. */
  readonly cursor: string | null;
}

/** A page of records and renderings looked at; `cursor` is the last call's. */
export async function reseal(
  ports: MachinePorts,
  cursor: string | undefined,
): Promise<Result<Resealed, OperatorFault>> {
  const [newest] = await ports.vault.keyIds();
  if (newest === undefined) return err({ reason: 'no-secret' });
  const [named = 'machine', ...inner] = (cursor ?? 'machine').split(':');
  const stage = STAGES.find((candidate) => candidate === named);
  if (stage === undefined) return err({ reason: 'bad-value', field: 'cursor', message: 'is none of ours' });
  const options = { limit: PAGE, cursor: inner.length === 0 ? undefined : inner.join(':') };
  const page = stage === 'rendering' ? await ports.store.renderings(options) : await ports.store.list(stage, options);
  if (!page.ok) return page;
  let resealed = 0;
  for (const { name, facts } of page.value.items) {
    if (facts['key'] === newest || facts['key'] === '') continue;
    const done = await resealOne(ports, stage, name, newest);
    if (!done.ok) return done;
    resealed += 1;
  }
  const next = page.value.cursor === undefined ? nextStage(stage) : `${stage}:${page.value.cursor}`;
  return ok({ looked: page.value.items.length, resealed, cursor: next });
}

function nextStage(stage: Stage): string | null {
  return STAGES[STAGES.indexOf(stage) + 1] ?? null;
}

async function resealOne(
  ports: MachinePorts,
  stage: Stage,
  name: string,
  newest: string,
): Promise<Result<undefined, OperatorFault>> {
  const again = async (sealed: Sealed | null, context: string): Promise<Result<Sealed | null, OperatorFault>> => {
    if (sealed === null || sealed.key === newest) return ok(sealed);
    const text = await ports.vault.open(sealed, context);
    return text.ok ? ok(await ports.vault.seal(text.value, context)) : text;
  };
  if (stage === 'rendering') return await resealRendering(ports, name, again);
  const stored = await ports.store.read(stage, name);
  if (!stored.ok) return stored;
  if (stored.value === undefined) return ok(undefined);
  const changed =
    stage === 'machine'
      ? await resealedMachine(stored.value.text, again)
      : await resealedProfile(stored.value.text, again);
  if (!changed.ok) return changed;
  const { text, facts } = changed.value;
  // Somebody who writes meanwhile writes under the newest key.
  const written = await ports.store.write(stage, name, text, facts, stored.value.etag);
  return written.ok ? ok(undefined) : written;
}

type Again = (sealed: Sealed | null, context: string) => Promise<Result<Sealed | null, OperatorFault>>;
type Written = Result<{ readonly text: string; readonly facts: Readonly<Record<string, string>> }, OperatorFault>;

async function resealedMachine(text: string, again: Again): Promise<Written> {
  const machine = parseMachine(text);
  if (!machine.ok) return err({ reason: 'store-unreachable', operation: 'machine record is malformed' });
  const userData = await again(machine.value.userData, machineContext(machine.value, 'userData'));
  if (!userData.ok) return userData;
  const sourceText = await again(machine.value.sourceText, machineContext(machine.value, 'sourceText'));
  if (!sourceText.ok) return sourceText;
  const after = { ...machine.value, userData: userData.value, sourceText: sourceText.value };
  return ok({ text: JSON.stringify(after), facts: machineFacts(after) });
}

async function resealedProfile(text: string, again: Again): Promise<Written> {
  const profile = parseProfile(text);
  if (!profile.ok) return err({ reason: 'store-unreachable', operation: 'profile record is malformed' });
  const base = await again(profile.value.base, profileContext(profile.value, 'base'));
  if (!base.ok) return base;
  const fallback = await again(profile.value.default, profileContext(profile.value, 'default'));
  if (!fallback.ok) return fallback;
  const after = { ...profile.value, base: base.value, default: fallback.value };
  return ok({ text: JSON.stringify(after), facts: profileFacts(after) });
}

async function resealRendering(
  { store }: MachinePorts,
  name: string,
  again: Again,
): Promise<Result<undefined, OperatorFault>> {
  const slash = name.lastIndexOf('/');
  const [id, sha512] = [name.slice(0, slash), name.slice(slash + 1)];
  const stored = await store.rendering(id, sha512);
  if (!stored.ok) return stored;
  if (stored.value === undefined) return ok(undefined);
  const sealed = parseSealed(stored.value);
  if (!sealed.ok) return err({ reason: 'store-unreachable', operation: 'rendering is malformed' });
  const anew = await again(sealed.value, renderingContext(id, sha512));
  if (!anew.ok) return anew;
  if (anew.value === null) return ok(undefined);
  return await store.writeRendering(id, sha512, JSON.stringify(anew.value), { key: anew.value.key });
}
