/** Shows one machine to the operator: its record without its secrets, its state, its last boots. */
import { answerJson } from '../../shared/http/api.ts';
import type { Call } from '../../shared/http/call.ts';
import { entityTag, isNotModified } from '../../shared/http/precondition.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { userText } from '../amend.ts';
import { bootWarnings } from '../boot/boot-warnings.ts';
import { lastBoots } from '../boot/boots.ts';
import { armingOf } from '../boot/once.ts';
import { isCurrent, lastBootOf, stateOf } from '../boot/state.ts';
import { profilesNamed, readsOf } from '../issue.ts';
import { openSays } from '../layers/layers.ts';
import { readerFor } from '../layers/machine-reader.ts';
import { readMachine } from '../machines.ts';
import { faultText, isRecordFault, machineProblem } from '../problems.ts';
import { changedIn, type Machine, type Profile, profilesOf } from '../records/model.ts';
import type { MachineView, machineView } from './call-answers.ts';
import { readId } from './machine-request.ts';
import { type MachineRoom, refuse } from './room.ts';

/** Answers `GET /api/machines/{id}`. */
export async function showMachine(room: MachineRoom, call: Call): Promise<Response> {
  const id = readId(call.req.param('id'));
  if (!id.ok) return refuse(call, { reason: 'unknown', what: 'machine' });
  const stored = await readMachine(room, id.value);
  if (!stored.ok) return refuse(call, stored.error);
  const { value: machine, etag: text } = stored.value;
  const etag = entityTag(text);
  if (isNotModified(call.req.raw.headers, etag)) return new Response(null, { status: 304, headers: { etag } });
  const boots = await lastBoots(room.store, machine.id);
  if (!boots.ok) return refuse(call, boots.error);
  const handed = await room.handed.read(machine.id, armingOf(machine));
  if (!handed.ok) return refuse(call, handed.error);
  const found = await profilesNamed(room, profilesOf(machine));
  const profiles = found.ok ? found.value : [];
  const state = await bootState(room, machine, profiles);
  if (!state.ok) return refuse(call, state.error);
  // A machine is shown, whatever has become of its profiles or of its texts.
  const reader = readerFor(machine, profiles);
  const lost = found.ok ? [] : [`the profile cannot be read: ${machineProblem(found.error).detail}`];
  const says = await openSays(room.vault, machine);
  if (!says.ok && !isRecordFault(says.error)) return refuse(call, says.error);
  const unsaid = says.ok ? [] : [`the variables cannot be read: ${faultText(says.error)}`];
  const user = await userText(room, machine);
  if (!user.ok && !isRecordFault(user.error)) return refuse(call, user.error);
  const unread = user.ok
    ? []
    : [`the user data cannot be read: ${isRecordFault(user.error) ? faultText(user.error) : ''}`];
  const userData = user.ok && user.value !== undefined ? { bytes: user.value.bytes, sha512: user.value.sha512 } : null;
  const answer = {
    ...view(machine),
    handedOutAt: iso(handed.value?.at),
    doneAt: iso(handed.value?.doneAt),
    vars: shownVars(call, says.ok ? says.value.vars : {}),
    reads: readsOf(reader),
    userData,
    ...state.value,
    warnings: [...lost, ...unread, ...unsaid, ...bootWarnings(reader, boots.value)],
    boots: boots.value,
  };
  return answerJson<typeof machineView>(answer, 200, { etag });
}

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());

/** Values may be secrets. Who may only read is told the names. */
function shownVars(call: Call, vars: Readonly<Record<string, string>>): Record<string, string | null> {
  const { may } = call.var.caller;
  const isShown = may === 'everything' || may.has('machines') || may.has('secrets');
  return Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, isShown ? value : null]));
}

/** Returns the record without the values that the machine's URLs are made of. */
function view(machine: Machine) {
  const { id, profile, kind, source, generation, expiry, channel, board, version, createdAt, updatedAt } = machine;
  return {
    ...{ id, profile, kind },
    ...(source === null ? {} : { source }),
    generation,
    expiresAt: expiry === 0 ? null : new Date(expiry * 1000).toISOString(),
    ...{ channel, board, version },
    profiles: [...profilesOf(machine)],
    hostname: machine.hostname ?? null,
    sshAuthorizedKeys: machine.sshAuthorizedKeys ?? [],
    ...{ attributes: machine.attributes ?? {}, labels: machine.labels ?? {} },
    ...{ fleet: machine.fleet ?? null, mac: machine.identities?.mac ?? [] },
    uuid: machine.identities?.uuid?.[0] ?? null,
    serial: machine.identities?.serial?.[0] ?? null,
    asset: machine.identities?.asset?.[0] ?? null,
    ...{ once: machine.once ?? false, window: machine.window ?? null, armedAt: machine.armedAt ?? null },
    ignition: machine.ignition ?? null,
    kernelArgs: machine.kernelArgs ?? [],
    ...{ createdAt, updatedAt },
  };
}

/** Returns the state of a machine, its last boot, and whether that is what it would boot now. */
export async function bootState(
  { store, platform }: MachineRoom,
  machine: Machine,
  profiles: readonly Profile[],
): Promise<Result<Pick<MachineView, 'state' | 'lastBoot' | 'isCurrent'>, StoreFault>> {
  const listed = await store.states({ limit: 1, startingWith: `${machine.id}.json` });
  if (!listed.ok) return listed;
  const item = listed.value.items.find(({ name }) => name === machine.id);
  const lastBoot = item === undefined ? undefined : lastBootOf(item.summary);
  const now = { ...machine, profiles: profilesOf(machine) };
  const parts = profiles.map((profile) => ({
    base: changedIn(profile, 'base'),
    default: changedIn(profile, 'default'),
    settings: changedIn(profile, 'settings'),
  }));
  return ok({
    state: stateOf(lastBoot, now, parts, platform.now()),
    lastBoot: lastBoot ?? null,
    isCurrent: lastBoot === undefined ? null : isCurrent(lastBoot, now, parts),
  });
}
