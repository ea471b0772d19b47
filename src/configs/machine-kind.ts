/** The kind of a machine's user data, as its record names it. No I/O. */
import { type UserDataKind, userDataKind } from '../ignition/user-data.ts';

/** Multipart counts as cloud-config: coreos-cloudinit reads both. */
export type MachineKind = 'ignition' | 'cloud-config' | 'script' | 'none';

const KINDS: Readonly<Record<UserDataKind, MachineKind>> = {
  json: 'ignition',
  'cloud-config': 'cloud-config',
  multipart: 'cloud-config',
  script: 'script',
  empty: 'none',
};

/** Returns the kind of a text that is not gzipped. */
export const kindOf = (text: string): MachineKind => KINDS[userDataKind(text)];
