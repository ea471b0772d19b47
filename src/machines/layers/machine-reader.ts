/** Says which Ignition reads the config of a machine. No I/O. */
import { type Reader, readerNamed, readerOfChannel, readerOfRelease } from '../../ignition/reader.ts';
import { isVersion } from '../../releases/model.ts';
import type { Machine, Profile } from '../records/model.ts';

/** Where the version of Ignition is known from. */
export type ReaderSource = 'machine' | 'profile' | 'release';

export interface MachineReader extends Reader {
  readonly from: ReaderSource;
}

/**
 * Returns the Ignition that reads a machine's config: the one that the machine names, else the one that the last of its
 * profiles names which names one, else that of its release as it was when the machine was written.
 */
export function readerFor(
  machine: Pick<Machine, 'ignition' | 'shipped' | 'channel' | 'version'>,
  profiles: readonly Pick<Profile, 'ignition'>[],
): MachineReader {
  const named = (text: string | null | undefined, from: ReaderSource): MachineReader | undefined => {
    const reader = readerNamed(text ?? '');
    return reader.ok ? { ...reader.value, from } : undefined;
  };
  return (
    named(machine.ignition, 'machine') ??
    named(profiles.findLast(({ ignition }) => (ignition ?? null) !== null)?.ignition, 'profile') ??
    named(machine.shipped, 'release') ?? { ...readerOfPlace(machine), from: 'release' }
  );
}

/** Returns what is known without asking anybody: the table of releases, or what the channel has had. */
export const readerOfPlace = ({ channel, version }: Pick<Machine, 'channel' | 'version'>): Reader =>
  isVersion(version) ? readerOfRelease(version) : readerOfChannel(channel);
