/** Says what the last boots of a machine show that its operator does not expect. No I/O. */
import { newestSpec, readerNamed } from '../../ignition/reader.ts';
import type { MachineReader } from '../layers/machine-reader.ts';
import type { BootEvent } from './boots.ts';

/**
 * Returns a sentence for each version of Ignition that has asked for the config and reads other specs than the one that
 * the config is made for. A client says of itself what it likes, so this only warns.
 */
export function bootWarnings(reader: MachineReader, boots: readonly BootEvent[]): string[] {
  const asked = new Set(
    boots.flatMap(({ what, ignition }) => (what === 'ipxe' || ignition === undefined ? [] : [ignition])),
  );
  const warnings: string[] = [];
  for (const version of asked) {
    const other = readerNamed(version);
    if (!other.ok || other.value.newestMinor === reader.newestMinor) continue;
    const [theirs, ours] = [newestSpec(other.value), newestSpec(reader)];
    warnings.push(
      `Ignition ${version} has asked for the config, which reads specs up to ${theirs}; the config is made for Ignition ${reader.ignition}, up to ${ours}: name the release or the Ignition (ignition=) that the machine has`,
    );
  }
  return warnings;
}
