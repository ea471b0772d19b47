/** What a boot URL serves as it was stored: a cloud-config, what a machine says of itself, a rendering. */
import { understood } from '../../shared/r2-documents.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { openSays, openUserData } from '../layers/layers.ts';
import type { MachineStore, Summary } from '../records/bucket.ts';
import { type Machine, parseSealed, renderingContext } from '../records/model.ts';
import type { Vault, VaultFault } from '../records/vault.ts';
import { metadataText } from './metadata-tree.ts';

interface Ports {
  readonly store: MachineStore;
  readonly vault: Vault;
}

/** The generations that a config was composed of. */
export interface Made {
  readonly generation: number;
  /** The names of its profiles, by comma, and their generations. */
  readonly profile?: string;
  readonly profileGeneration?: string;
}

export interface Body {
  readonly text: string;
  readonly contentType: string;
  readonly made?: Made;
  readonly release?: string;
  readonly older?: string;
}

/** A record proves that there is none. */
export interface NotThere {
  readonly reason: 'no-cloud-config' | 'no-such-rendering' | 'not-set';
  readonly machine: string;
  readonly generation: number;
}

type Fault = NotThere | VaultFault | StoreFault;

export const TEXT = 'text/plain; charset=utf-8';
export const IGNITION = 'application/vnd.coreos.ignition+json';
const JSON_TYPE = 'application/json';

/** Returns the user data of a machine, where it is a cloud-config or a script. */
export async function cloudConfig({ vault }: Ports, machine: Machine): Promise<Result<Body, Fault>> {
  const { id, generation, kind } = machine;
  if (kind !== 'cloud-config' && kind !== 'script') return err({ reason: 'no-cloud-config', machine: id, generation });
  const text = await openUserData(vault, machine);
  return text.ok ? ok({ text: text.value ?? '', contentType: TEXT }) : text;
}

/** Returns what the metadata service says at a path. */
export async function metadata({ vault }: Ports, machine: Machine, path: string): Promise<Result<Body, Fault>> {
  const says = await openSays(vault, machine);
  if (!says.ok) return says;
  const found = metadataText(path, { ...says.value, attributes: machine.attributes ?? {} });
  if (found === undefined) return err({ reason: 'not-set', machine: machine.id, generation: machine.generation });
  return ok({ text: found.text, contentType: found.isJson ? JSON_TYPE : TEXT });
}

/** Returns the rendering that a pointer names by its hash. */
export async function frozen({ store, vault }: Ports, machine: Machine, sha512: string): Promise<Result<Body, Fault>> {
  const { id, generation } = machine;
  const stored = await store.rendering(id, sha512);
  if (!stored.ok) return stored;
  if (stored.value === undefined) return err({ reason: 'no-such-rendering', machine: id, generation });
  const sealed = understood('rendering', parseSealed(stored.value.text));
  if (!sealed.ok) return sealed;
  const text = await vault.open(sealed.value, renderingContext(id, sha512));
  if (!text.ok) return text;
  const made = madeOf(stored.value.summary);
  const older = made.generation < generation ? { older: olderPointer(made.generation, generation) } : {};
  return ok({ text: text.value, contentType: IGNITION, made, ...older });
}

const olderPointer = (of: number, now: number): string =>
  `the pointer is of generation ${of}, and the machine is at ${now}: new user data needs a new pointer`;

/** What a rendering was composed of, as its metadata tells; renderings of earlier versions tell nothing. */
function madeOf({ generation, profile, profileGeneration }: Summary): Made {
  return {
    generation: Number(generation ?? 0),
    ...(profile === undefined ? {} : { profile }),
    ...(profileGeneration === undefined ? {} : { profileGeneration }),
  };
}
