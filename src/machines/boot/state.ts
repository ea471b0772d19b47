/**
 * What a machine has last booted, and whether that is what it would boot now. A boot names the generations that it was
 * composed of, so a listing compares numbers and composes nothing. No I/O.
 */

/** The metadata of an object, as a listing has it. */
type Summary = Readonly<Record<string, string>>;

export const MACHINE_STATES = ['never-booted', 'booted', 'stale', 'failing', 'expired'] as const;

/**
 * `never-booted`: no config was fetched yet. `booted`: the last config is what it would boot now. `stale`: it has changed
 * since. `failing`: the last request for a config had no config as its answer. `expired`: its URLs have ended.
 */
export type MachineState = (typeof MACHINE_STATES)[number];

/** The last request of a machine for its config. */
export interface LastBoot {
  /** ISO 8601. */
  readonly at: string;
  readonly what: string;
  readonly status: number;
  readonly reason?: string;
  /** The SHA-512 of the body that was served. */
  readonly sha512?: string;
  /** The client's version of Ignition. */
  readonly ignition?: string;
  readonly generation?: number;
  /** The profiles whose texts went in, and their generations, each by comma. */
  readonly profile?: string;
  readonly profileGeneration?: number | string;
}

/** Returns the last boot that the metadata of a state tells of. */
export function lastBootOf(summary: Summary): LastBoot {
  const {
    at = '',
    what = '',
    status = '0',
    reason,
    sha512,
    ignition,
    generation,
    profile,
    profileGeneration,
  } = summary;
  return {
    ...{ at, what, status: Number(status) },
    ...(reason === undefined ? {} : { reason }),
    ...(sha512 === undefined ? {} : { sha512 }),
    ...(ignition === undefined ? {} : { ignition }),
    ...(generation === undefined ? {} : { generation: Number(generation) }),
    ...(profile === undefined ? {} : { profile }),
    ...(profileGeneration === undefined ? {} : { profileGeneration: oneOrMore(profileGeneration) }),
  };
}

/** Returns a generation as a number, and several as the text that they are. */
export const oneOrMore = (generations: string): number | string =>
  generations.includes(',') ? generations : Number(generations);

/** What a comparison needs of a machine's record. */
export interface MachineNow {
  readonly generation: number;
  /** The generation in which what goes into the config last changed; absent for the last one. */
  readonly configGeneration?: number | undefined;
  readonly kind: string;
  /** The names of its profiles, in order. */
  readonly profiles: readonly string[];
  /** Seconds since 1970; 0 means never. */
  readonly expiry: number;
}

/** The generations in which the parts of a profile last changed. */
export interface ProfileNow {
  readonly base: number;
  readonly default: number;
  readonly settings: number;
}

/** Returns the generations that the summary of a profile tells of. */
export function profileNowOf(summary: Summary): ProfileNow {
  const generation = Number(summary['generation'] ?? 0);
  const [base = generation, fallback = generation, settings = generation] = (summary['changed'] ?? '')
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
  return { base, default: fallback, settings };
}

/**
 * Returns true when a machine would boot now what it has booted: neither its record has changed since, nor a part of its
 * profiles that goes into its config. A default goes in only where the user data is no Ignition config. `profiles` are those
 * of the machine, in order.
 */
export function isCurrent(boot: LastBoot, machine: MachineNow, profiles: readonly (ProfileNow | undefined)[]): boolean {
  const { generation, configGeneration = generation } = machine;
  if (boot.status !== 200 || boot.generation === undefined || boot.generation < configGeneration) return false;
  if ((boot.profile ?? '') !== machine.profiles.join()) return false;
  const generations = String(boot.profileGeneration ?? '')
    .split(',')
    .map(Number);
  return machine.profiles.every((_name, at) => {
    const [profile, booted] = [profiles[at], generations[at]];
    if (profile === undefined || booted === undefined) return false;
    const parts = machine.kind === 'ignition' ? [profile.base, profile.settings] : Object.values(profile);
    return Math.max(...parts) <= booted;
  });
}

/** Returns the state of a machine; `now` is in milliseconds since the epoch. */
export function stateOf(
  boot: LastBoot | undefined,
  machine: MachineNow,
  profiles: readonly (ProfileNow | undefined)[],
  now: number,
): MachineState {
  if (machine.expiry !== 0 && now >= machine.expiry * 1000) return 'expired';
  if (boot === undefined) return 'never-booted';
  if (boot.status !== 200) return 'failing';
  return isCurrent(boot, machine, profiles) ? 'booted' : 'stale';
}

/** Returns what a listing knows of a machine. */
export const machineNowOf = (summary: Summary): MachineNow => ({
  generation: Number(summary['generation'] ?? 0),
  configGeneration: Number(summary['config'] ?? summary['generation'] ?? 0),
  kind: summary['kind'] ?? '',
  profiles: (summary['profile'] ?? '').split(',').filter((name) => name !== ''),
  expiry: Number(summary['expiry'] ?? 0),
});
