/** Parts of what a machine boots, which an operator is told too. */
import { ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Machine, Profile } from '../records/model.ts';

/** Nobody can say at the moment which release a machine is to boot, or none is to be had. */
export interface ReleaseUnknown {
  readonly reason: 'no-release';
  readonly detail: string;
}

/** The release that a machine boots. */
export type Place = Pick<Machine, 'channel' | 'board' | 'version'>;

/** Returns the number of the release that an alias names now; that of a number is itself. */
export type ReleaseOf = (place: Place) => Promise<Result<string, ReleaseUnknown | StoreFault>>;

/** True when the system extensions of a numbered release are served here: Flatcar's initrd fetches those that are enabled. */
export type HasUpdates = (place: Place) => Promise<Result<boolean, StoreFault>>;

/** Returns what a machine's kernel gets: the arguments of its profiles, in order, and then its own. */
export const kernelArgsOf = (machine: Machine, profiles: readonly Profile[]): readonly string[] => [
  ...profiles.flatMap(({ kernelArgs = [] }) => kernelArgs),
  ...(machine.kernelArgs ?? []),
];

/** Returns the folder of the release that a machine boots, by its number. */
export async function releaseFolder(
  { releaseOf }: { readonly releaseOf: ReleaseOf },
  machine: Place,
  origin: string,
): Promise<Result<string, ReleaseUnknown | StoreFault>> {
  const version = await releaseOf(machine);
  return version.ok ? ok(`${origin}/${machine.channel}/${machine.board}/${version.value}`) : version;
}

/** Returns the names and generations of profiles, as records of boots and renderings have them. */
export const madeOfProfiles = (profiles: readonly Pick<Profile, 'name' | 'generation'>[]) =>
  profiles.length === 0
    ? {}
    : {
        profile: profiles.map(({ name }) => name).join(),
        profileGeneration: profiles.map(({ generation }) => generation).join(),
      };
