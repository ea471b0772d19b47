/** The layer between the bases and the user data that tells a machine its name, and whose keys open it. No I/O. */
import type { Engine } from '../../ignition/combine.ts';
import { plainDataUrl } from '../../ignition/urls/data-url.ts';

export interface Identity {
  readonly hostname: string | null;
  /** Lines as `authorized_keys` has them. */
  readonly sshAuthorizedKeys: readonly string[];
}

/** What both engines read, in the oldest version that holds it. */
const VERSIONS: Readonly<Record<Engine, string>> = { ignition: '3.0.0', legacy: '2.0.0' };
const MODE = 0o644;

/** Returns the text of the layer; `undefined` where the machine has neither. The name goes into /etc/hostname (hostname(5)). */
export function identityLayer({ hostname, sshAuthorizedKeys }: Identity, engine: Engine): string | undefined {
  if (hostname === null && sshAuthorizedKeys.length === 0) return undefined;
  const where = engine === 'legacy' ? { filesystem: 'root' } : { overwrite: true };
  const contents = { source: plainDataUrl(`${hostname}\n`) };
  const files = [{ ...where, path: '/etc/hostname', mode: MODE, contents }];
  return JSON.stringify({
    ignition: { version: VERSIONS[engine] },
    ...(sshAuthorizedKeys.length === 0 ? {} : { passwd: { users: [{ name: 'core', sshAuthorizedKeys }] } }),
    ...(hostname === null ? {} : { storage: { files } }),
  });
}
