/** Encrypts the texts of older storage keys again under the newest key, so that the older secrets can be removed. */
import type { Document } from '../shared/document.ts';
import { understood } from '../shared/r2-documents.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { MachinePorts } from './machines.ts';
import type { OperatorFault } from './problems.ts';
import { machineDocument, profileDocument } from './records/documents.ts';
import {
  type Machine,
  machineContext,
  type Profile,
  parseSealed,
  profileContext,
  renderingContext,
  type Sealed,
} from './records/model.ts';

const STAGES = ['machine', 'profile', 'rendering'] as const;
type Stage = (typeof STAGES)[number];
const PAGE = 50;

export interface Resealed {
  readonly looked: number;
  readonly resealed: number;
  /** Where the next call continues; `null` at the end. */
  readonly cursor: string | null;
}

/** Reseals one page of records or renderings. `cursor` is the one that the previous call returned. */
export async function reseal(
  ports: MachinePorts,
  cursor: string | undefined,
): Promise<Result<Resealed, OperatorFault>> {
  const [newest] = await ports.vault.keyIds();
  if (newest === undefined) return err({ reason: 'no-secret' });
  const [stageName = 'machine', ...pageCursor] = (cursor ?? 'machine').split(':');
  const stage = STAGES.find((candidate) => candidate === stageName);
  if (stage === undefined) return err({ reason: 'bad-value', field: 'cursor', message: 'is none of ours' });
  const options = { limit: PAGE, cursor: pageCursor.length === 0 ? undefined : pageCursor.join(':') };
  const page = stage === 'rendering' ? await ports.store.renderings(options) : await ports.store.list(stage, options);
  if (!page.ok) return page;
  let resealed = 0;
  for (const { name, summary } of page.value.items) {
    if (summary['key'] === newest || summary['key'] === '') continue;
    const outcome = await resealOne(ports, stage, name, newest);
    if (!outcome.ok) return outcome;
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
  const resealText = async (sealed: Sealed | null, context: string): Promise<Result<Sealed | null, OperatorFault>> => {
    if (sealed === null || sealed.key === newest) return ok(sealed);
    const text = await ports.vault.open(sealed, context);
    return text.ok ? ok(await ports.vault.seal(text.value, context)) : text;
  };
  if (stage === 'rendering') return await resealRendering(ports, name, resealText);
  const resealed =
    stage === 'machine'
      ? await resealRecord(machineDocument(ports.store, name), (machine) => resealedMachine(machine, resealText))
      : await resealRecord(profileDocument(ports.store, name), (profile) => resealedProfile(profile, resealText));
  return resealed.ok ? ok(undefined) : resealed;
}

/** Makes one attempt. If another writer is first, that writer has used the newest key already. */
async function resealRecord<T>(
  document: Document<T>,
  nextRecord: (record: T) => Promise<Result<T, OperatorFault>>,
): Promise<Result<unknown, OperatorFault>> {
  const stored = await document.read();
  if (!stored.ok || stored.value === undefined) return stored;
  const after = await nextRecord(stored.value.value);
  return after.ok ? await document.write(after.value, stored.value.etag) : after;
}

type ResealText = (sealed: Sealed | null, context: string) => Promise<Result<Sealed | null, OperatorFault>>;

async function resealedMachine(machine: Machine, resealText: ResealText): Promise<Result<Machine, OperatorFault>> {
  const userData = await resealText(machine.userData, machineContext(machine, 'userData'));
  if (!userData.ok) return userData;
  const sourceText = await resealText(machine.sourceText, machineContext(machine, 'sourceText'));
  return sourceText.ok ? ok({ ...machine, userData: userData.value, sourceText: sourceText.value }) : sourceText;
}

async function resealedProfile(profile: Profile, resealText: ResealText): Promise<Result<Profile, OperatorFault>> {
  const base = await resealText(profile.base, profileContext(profile, 'base'));
  if (!base.ok) return base;
  const fallback = await resealText(profile.default, profileContext(profile, 'default'));
  return fallback.ok ? ok({ ...profile, base: base.value, default: fallback.value }) : fallback;
}

async function resealRendering(
  { store }: MachinePorts,
  name: string,
  resealText: ResealText,
): Promise<Result<undefined, OperatorFault>> {
  const slash = name.lastIndexOf('/');
  const [id, sha512] = [name.slice(0, slash), name.slice(slash + 1)];
  const stored = await store.rendering(id, sha512);
  if (!stored.ok) return stored;
  if (stored.value === undefined) return ok(undefined);
  const sealed = understood(`rendering ${name}`, parseSealed(stored.value));
  if (!sealed.ok) return sealed;
  const rendering = await resealText(sealed.value, renderingContext(id, sha512));
  if (!rendering.ok) return rendering;
  if (rendering.value === null) return ok(undefined);
  return await store.writeRendering(id, sha512, JSON.stringify(rendering.value), { key: rendering.value.key });
}
