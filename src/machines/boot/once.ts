/** For how long a machine's URLs answer after it was armed: for one boot (`once`), for a while (`window`), or always. */
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Handed, HandedStore } from '../records/handed.ts';
import type { Machine } from '../records/model.ts';

interface Ports {
  readonly platform: Pick<Platform, 'now'>;
  readonly handed: HandedStore;
}

/** The machine has had its boot, or the time after it was armed is over. */
export interface Ended {
  readonly reason: 'handed-out' | 'window-over';
  readonly machine: string;
  readonly generation: number;
}

/** Ignition asks again when an answer broke off, and a machine may be switched off in its first boot. */
const AFTER_FIRST_MS = 900_000;
/** A call-back that comes so soon after another is of the same boot. */
const SAME_BOOT_MS = 60_000;
/** Of a machine whose URLs always answer. */
const UNARMED = 'unarmed';

/** Returns the name under which is kept what became of a machine since it was armed. */
export const armingOf = ({ arming }: Pick<Machine, 'arming'>): string => arming ?? UNARMED;

/** Returns nothing while the machine's URLs answer, and why they do not. Only a machine with `once` costs a read. */
export async function isOpen(ports: Ports, machine: Machine): Promise<Result<undefined, Ended | StoreFault>> {
  const { id, generation, once = false, window = null, armedAt } = machine;
  const now = ports.platform.now();
  const ended = (reason: Ended['reason']) => err({ reason, machine: id, generation });
  // A time that cannot be read is no reason to stay open.
  if (window !== null && !(now < Date.parse(armedAt ?? '') + window * 1000)) return ended('window-over');
  if (!once) return ok(undefined);
  const handed = await ports.handed.read(id, armingOf(machine));
  if (!handed.ok) return handed;
  return handed.value !== undefined && isOver(handed.value, now) ? ended('handed-out') : ok(undefined);
}

const isOver = ({ at, doneAt }: Handed, now: number): boolean => doneAt !== undefined || !(now < at + AFTER_FIRST_MS);

/** Notes that a config leaves. A config of a machine with `once` must not leave where this cannot be noted. */
export async function noteHandedOut(ports: Ports, machine: Machine): Promise<Result<undefined, StoreFault>> {
  return machine.once === true ? await ports.handed.begin(machine.id, armingOf(machine)) : ok(undefined);
}

/** Notes that the machine has booted to its end. Returns false where that was noted before, or where no boot has begun. */
export async function noteDone(ports: Ports, machine: Machine): Promise<Result<boolean, StoreFault>> {
  const arming = armingOf(machine);
  const handed = await ports.handed.read(machine.id, arming);
  if (!handed.ok) return handed;
  // A call-back whose answer was lost comes again; one of an earlier boot must not end the boot that `rearm` has opened.
  const isBegun = handed.value !== undefined || machine.once !== true;
  const now = ports.platform.now();
  const isKnown = handed.value?.doneAt !== undefined;
  // A machine whose URLs always answer is done after each of its boots.
  const isSame = isKnown && (machine.once === true || now - (handed.value?.doneAt ?? now) < SAME_BOOT_MS);
  if (!isBegun || isSame) return ok(false);
  const written = await ports.handed.write(machine.id, arming, { at: handed.value?.at ?? now, doneAt: now });
  return written.ok ? ok(true) : written;
}
