/** The layer between the bases and the user data that tells a machine its name, and whose keys open it. No I/O. */
import type { Engine } from '../../ignition/combine.ts';
import { plainDataUrl } from '../../ignition/urls/data-url.ts';

export interface Identity {
  readonly hostname: string | null;
  /** Lines as `authorized_keys` has them. */
  readonly sshAuthorizedKeys: readonly string[];
}

/** What each engine reads, in the oldest version that holds it: a unit is `enabled` from 2.1.0 on. */
const VERSIONS: Readonly<Record<Engine, string>> = { ignition: '3.0.0', legacy: '2.1.0' };
const MODE = 0o644;

/**
 * Returns the text of the layer; `undefined` where the machine has nothing of it. The name goes into /etc/hostname (hostname(5)).
 * With `metadataUrl`, a unit writes the machine's metadata.
 */
export function identityLayer(
  { hostname, sshAuthorizedKeys }: Identity,
  engine: Engine,
  metadataUrl?: string,
): string | undefined {
  if (hostname === null && sshAuthorizedKeys.length === 0 && metadataUrl === undefined) return undefined;
  const where = engine === 'legacy' ? { filesystem: 'root' } : { overwrite: true };
  const contents = { source: plainDataUrl(`${hostname}\n`) };
  const files = [{ ...where, path: '/etc/hostname', mode: MODE, contents }];
  const unit = { name: 'flatcar-edge-metadata.service', enabled: true, contents: metadataUnit(metadataUrl ?? '') };
  return JSON.stringify({
    ignition: { version: VERSIONS[engine] },
    ...(sshAuthorizedKeys.length === 0 ? {} : { passwd: { users: [{ name: 'core', sshAuthorizedKeys }] } }),
    ...(hostname === null ? {} : { storage: { files } }),
    ...(metadataUrl === undefined ? {} : { systemd: { units: [unit] } }),
  });
}

/**
 * It comes before coreos-metadata.service, for which units with dynamic data wait, and which does nothing where no
 * `flatcar.oem.id` names a cloud (coreos-overlay, coreos-base/afterburn). A reader never sees half a file.
 */
const metadataUnit = (url: string): string =>
  [
    '[Unit]',
    'Description=Write the metadata of this machine to /run/metadata/flatcar',
    'Wants=network-online.target',
    'After=network-online.target',
    'Before=coreos-metadata.service',
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'ExecStartPre=/usr/bin/mkdir -p /run/metadata',
    `ExecStart=/usr/bin/curl --fail --silent --show-error --retry 60 --retry-delay 5 --retry-all-errors --output /run/metadata/.flatcar ${url}/env`,
    'ExecStartPost=/usr/bin/mv /run/metadata/.flatcar /run/metadata/flatcar',
    '',
    '[Install]',
    'WantedBy=multi-user.target coreos-metadata.service',
    '',
  ].join('\n');
