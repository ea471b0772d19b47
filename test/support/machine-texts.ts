/** What tests give the machine rooms and get from them: a secret, configs, what a machine was issued. */

export const CAPABILITY_SECRET = 'capability-secret-of-at-least-32-bytes';

export interface Issued {
  readonly id: string;
  readonly profile: string | null;
  readonly kind: string;
  readonly generation: number;
  readonly urls: {
    readonly ignition: string;
    readonly cloudConfig?: string;
    readonly ipxe: string;
    readonly grub: string;
    readonly pxelinux: string;
  };
  readonly pointer: {
    ignition: { version: string; config: { replace: { source: string; verification: { hash: string } } } };
  };
  readonly expiresAt: string | null;
  readonly entries: { severity: string; layer: string; path: string }[];
}

/** A config with one file, whose path tells it from others. */
export const config = (path: string, version = '3.3.0', more: object = {}): string =>
  JSON.stringify({
    ignition: { version },
    storage: { files: [{ ...(version.startsWith('2') ? { filesystem: 'root' } : {}), path, mode: 420, ...more }] },
  });
