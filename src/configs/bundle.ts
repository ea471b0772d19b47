/** Finds the Butane config in an archive that holds it together with the files that it names. No I/O. */
import { LocalFiles } from '../butane/local-files.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { readTar } from './tar.ts';

export interface Bundle {
  readonly text: string;
  readonly files: LocalFiles;
  /** Where the config stands in the archive. */
  readonly name: string;
}

/** Names of configs, first the plainest. */
const CONFIG_NAMES = [/^(config|butane)\.(bu|butane|ya?ml)$/, /\.(bu|butane)$/, /\.ya?ml$/];

/**
 * Returns the config of a tar and its files, or a message. The config is the one file at the top of the archive whose name
 * says so: `config.bu`, else the only `*.bu`, else the only `*.yaml`. Paths in it begin at the top.
 */
export function readBundle(tar: Uint8Array<ArrayBuffer>): Result<Bundle, string> {
  const entries = readTar(tar);
  if (!entries.ok) return entries;
  const top = [...entries.value].filter(([name, { kind }]) => kind === 'file' && !name.includes('/'));
  for (const pattern of CONFIG_NAMES) {
    const found = top.filter(([name]) => pattern.test(name));
    if (found.length > 1) {
      const names = found.map(([name]) => name).join(', ');
      return err(`the tar has several configs at its top: ${names}; name the one config.bu`);
    }
    const [name, entry] = found[0] ?? [];
    if (name === undefined || entry?.kind !== 'file') continue;
    const text = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(entry.bytes);
    return ok({ text, name, files: new LocalFiles(entries.value) });
  }
  return err('the tar has no config at its top: name it config.bu');
}
