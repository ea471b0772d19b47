/** What the variables in a machine's base and default stand for. No I/O. */

import { type Encoding, encodedFor } from './encoding.ts';
import type { Value, ValueOf } from './substitute.ts';

/** The variables that a profile declares, with their defaults; `null`: each machine must say it. */
export type Declared = Readonly<Record<string, string | null>>;

/** What a machine says of itself. */
export interface MachineFacts {
  readonly id: string;
  readonly hostname: string | null;
  readonly vars: Readonly<Record<string, string>>;
}

/** Where things are. A function where it depends on how the place holds the URL. */
export interface Urls {
  /** The machine's boot URL without what is behind the capability, such as `https://edge.example/boot/vm.…`. */
  readonly machine: (encoding: Encoding) => string;
  /** The folder of the release that it boots. */
  readonly release: (encoding: Encoding) => string;
}

/** Returns URLs that are known. */
export const knownUrls = (machine: string, release: string): Urls => ({
  machine: (encoding) => encodedFor(encoding, machine),
  release: (encoding) => encodedFor(encoding, release),
});

/** Stands for URLs while there are none, for example when a profile is checked. */
export const SAMPLE_URLS = knownUrls(
  'https://edge.invalid/boot/machine.epoch.nonce.0.mac',
  'https://edge.invalid/stable/amd64-usr/4593.2.5',
);

const BEHIND_MACHINE: Readonly<Record<string, string>> = {
  'edge.ignition_url': '/ignition',
  'edge.cloud_config_url': '/cloud-config',
  // As earlier versions had it.
  cloud_config_url: '/cloud-config',
  'edge.metadata_url': '/metadata',
  'edge.done_url': '/done',
};

/** The variables whose values are URLs: they differ by the origin that a machine asks. */
export const URL_VARIABLES: readonly string[] = [...Object.keys(BEHIND_MACHINE), 'edge.release_url'];

/** A profile alone is checked with this in the place of what each machine must say. */
const SAMPLE = 'x';

/** Returns what each variable of a profile's layers stands for on a machine; without one, samples. */
export function valuesFor(declared: Declared, machine: MachineFacts | undefined, urls: Urls): ValueOf {
  return (name) => {
    const behind = BEHIND_MACHINE[name];
    if (behind !== undefined) return (encoding) => urls.machine(encoding) + encodedFor(encoding, behind);
    if (name === 'edge.release_url') return (encoding) => urls.release(encoding);
    if (name === 'edge.machine_id') return machine?.id ?? { sample: SAMPLE };
    if (name === 'edge.hostname') return machine === undefined ? { sample: SAMPLE } : (machine.hostname ?? NO_HOSTNAME);
    if (!Object.hasOwn(declared, name)) return undefined;
    return ownValue(name, declared[name] ?? null, machine);
  };
}

function ownValue(name: string, fallback: string | null, machine: MachineFacts | undefined): Value {
  const said = machine !== undefined && Object.hasOwn(machine.vars, name) ? machine.vars[name] : undefined;
  if (said !== undefined) return said;
  if (fallback !== null) return fallback;
  if (machine === undefined) return { sample: SAMPLE };
  return { missing: `the machine must say it (vars=${name}=…), or the profile needs a default for it` };
}

const NO_HOSTNAME: Value = { missing: 'the machine has no hostname (hostname=…)' };
