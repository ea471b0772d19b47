/** Explains what a machine boots: every layer, which of them set each part, and why they do not merge where they do not. */

import type { LayeredEntry } from '../../ignition/compose.ts';
import { sha512Hex } from '../../shared/bytes.ts';
import { answerJson } from '../../shared/http/api.ts';
import type { Call } from '../../shared/http/call.ts';
import { maskedConfig } from '../boot/masked.ts';
import { lastServed } from '../boot/served.ts';
import { composeFor, layerTextsOf, readsOf } from '../issue.ts';
import type { LayerTexts } from '../layers/layers.ts';
import { engineOf, identityOf } from '../layers/render.ts';
import { SAMPLE_URLS } from '../layers/variables.ts';
import { readMachine } from '../machines.ts';
import { openSource } from '../next-record.ts';
import { firstError } from '../problems.ts';
import type { booted, explanation, MachineView } from './call-answers.ts';
import { readId } from './machine-request.ts';
import { bootState } from './machine-view.ts';
import { type MachineRoom, originOf, refuse } from './room.ts';

/** Answers `GET /api/machines/{id}/explain`. It is 200 whether the layers merge or not. */
export async function explainMachine(room: MachineRoom, call: Call): Promise<Response> {
  const id = readId(call.req.param('id'));
  if (!id.ok) return refuse(call, { reason: 'unknown', what: 'machine' });
  const stored = await readMachine(room, id.value);
  if (!stored.ok) return refuse(call, stored.error);
  const machine = stored.value.value;
  const layerTexts = await layerTextsOf(room, machine);
  if (!layerTexts.ok) return refuse(call, layerTexts.error);
  const source = await openSource(room.vault, machine);
  if (!source.ok) return refuse(call, source.error);
  const { reader, records, kernelArgs, machine: says } = layerTexts.value;
  const state = await bootState(room, machine, records);
  if (!state.ok) return refuse(call, state.error);
  if (room.capabilities.secrets.length === 0) return refuse(call, { reason: 'no-secret' });
  // The config of its newest URL, so that its hash is the one that a boot by that URL has.
  const capability = await room.capabilities.mint({ ...machine, machine: machine.id });
  const origin = originOf(room, call);
  const url = `${origin}/boot/${capability}`;
  const composed = await composeFor(room, machine, layerTexts.value, { origin, url });
  if (!composed.ok && composed.error.reason !== 'invalid') return refuse(call, composed.error);
  const release = await room.releaseOf(machine);
  const result = composed.ok ? composed.value : undefined;
  const entries = composed.ok
    ? composed.value.entries
    : composed.error.reason === 'invalid'
      ? composed.error.entries
      : [];
  const layers = layersOf(layerTexts.value);
  const bytes = result === undefined ? undefined : new Uint8Array(new TextEncoder().encode(result.text));
  return answerJson<typeof explanation>({
    id: machine.id,
    generation: machine.generation,
    profile: machine.profile,
    profileGeneration: records[0]?.generation ?? null,
    profiles: records.map(({ name, generation }) => ({ name, generation })),
    vars: says?.vars ?? {},
    valid: composed.ok,
    error: composed.ok ? null : withName(firstError(entries), entries, layers),
    version: result?.version ?? null,
    ignition: machine.ignition ?? null,
    kernelArgs: [...kernelArgs],
    reads: readsOf(reader),
    // The capability is told when it is issued, and by no other call.
    config: result === undefined ? null : (maskedConfig(result.text, machine.id) ?? null),
    sha512: bytes === undefined ? null : await sha512Hex(bytes),
    parts: result === undefined ? [] : [...result.parts()],
    layers,
    entries: [...entries],
    warnings: [...olderPointer(state.value), ...noScript(release)],
    ...(source.value === undefined ? {} : { source: machine.source, sourceText: source.value }),
  });
}

/** Answers `GET /api/machines/{id}/booted`: the config that the machine got last. */
export async function bootedConfig(room: MachineRoom, call: Call): Promise<Response> {
  const id = readId(call.req.param('id'));
  if (!id.ok) return refuse(call, { reason: 'unknown', what: 'machine' });
  const stored = await readMachine(room, id.value);
  if (!stored.ok) return refuse(call, stored.error);
  const served = await lastServed(room, stored.value.value);
  if (!served.ok)
    return refuse(
      call,
      served.error.reason === 'none' ? { reason: 'unknown', what: 'config that it got' } : served.error,
    );
  const { at, sha512, generation, what, config } = served.value;
  return answerJson<typeof booted>({ id: id.value, at, what, generation: Number(generation), sha512, config });
}

/** A pointer keeps the config of the day on which it was given out, and a machine that boots by it does not get the newer one. */
function olderPointer({ lastBoot, isCurrent }: Pick<MachineView, 'lastBoot' | 'isCurrent'>): string[] {
  if (lastBoot?.what !== 'frozen' || isCurrent !== false) return [];
  return [
    `its last boot was by a pointer that is older than this config (of generation ${lastBoot.generation ?? 0}): a PUT or POST …/token gives a new pointer`,
  ];
}

/** Boot scripts need a release; the config does not. */
function noScript(release: Awaited<ReturnType<MachineRoom['releaseOf']>>): string[] {
  if (release.ok || release.error.reason !== 'no-release') return [];
  return [`its boot scripts answer 503: ${release.error.detail}`];
}

type Texts = Readonly<Record<string, string | null>>;

/** Returns the texts that went in, as they are stored, by the names of their layers. */
function layersOf({ profiles, machine, user }: LayerTexts): Texts {
  const engine = engineOf(profiles);
  const identity =
    machine === undefined
      ? undefined
      : identityOf({ profiles }, machine, engine.ok ? engine.value : 'ignition', SAMPLE_URLS);
  const named = (part: 'base' | 'default') =>
    profiles.map((profile) => [`${part}:${profile.name}`, profile[part] ?? null] as const);
  return Object.fromEntries([
    ...named('base'),
    ['identity', identity ?? null],
    ['user', user ?? null],
    ...named('default'),
  ]);
}

/** Adds what an error of the result is about, and which layers name it: a place in a result that is not there tells nothing. */
function withName(error: string, entries: readonly LayeredEntry[], texts: Texts): string {
  const entry = entries.find(({ severity }) => severity === 'error');
  if (entry?.layer !== 'result' || entry.of === undefined) return error;
  const name = JSON.stringify(entry.of);
  const layers = Object.keys(texts).filter((layer) => texts[layer]?.includes(name) === true);
  return `${error} (it is ${entry.of}${layers.length === 0 ? '' : `, of ${layers.join(' and ')}`})`;
}
