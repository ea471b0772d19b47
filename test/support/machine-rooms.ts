/**
 * The machine rooms in plain Node, over R2 and KV in memory: the service's own code from an operator's call or a boot URL down to the
 * calls of the stores. Time is a virtual clock's, so that what waits for a store costs nothing.
 */

import { kindOf } from '../../src/configs/machine-kind.ts';
import { BootLog } from '../../src/machines/boot/boots.ts';
import { Capabilities } from '../../src/machines/boot/capability.ts';
import { Composer, type ComposerOptions } from '../../src/machines/boot/composer.ts';
import { answerBootRequest, type BootRoom } from '../../src/machines/boot/routes-boot.ts';
import { issue, type MachinePorts } from '../../src/machines/issue.ts';
import { readerOfPlace } from '../../src/machines/layers/machine-reader.ts';
import { deleteMachine, issueToken, type NewMachine, type Written, writeMachine } from '../../src/machines/machines.ts';
import type { OperatorFault } from '../../src/machines/problems.ts';
import { changeProfile, type ProfileChange } from '../../src/machines/profiles.ts';
import { machineBucket } from '../../src/machines/records/bucket.ts';
import { composedBucket } from '../../src/machines/records/composed.ts';
import { Current } from '../../src/machines/records/current.ts';
import { handedBucket } from '../../src/machines/records/handed.ts';
import { identityBucket } from '../../src/machines/records/identities.ts';
import { copyNamespace } from '../../src/machines/records/kv.ts';
import { servedBucket } from '../../src/machines/records/served.ts';
import { Vault } from '../../src/machines/records/vault.ts';
import { rawPath } from '../../src/releases/path.ts';
import { WideEvent } from '../../src/shared/log.ts';
import type { Platform } from '../../src/shared/platform.ts';
import { ok, type Result } from '../../src/shared/result.ts';
import { type FaultyBucket, faultyBucketOver } from './faulty-bucket.ts';
import { type LateNamespace, lateNamespace } from './late-namespace.ts';
import { CAPABILITY_SECRET, type Issued } from './machine-texts.ts';
import { type MemoryBucket, memoryBucket } from './memory-bucket.ts';
import { seeded } from './seeded.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface MachineStores {
  readonly clock: VirtualClock;
  readonly memory: MemoryBucket;
  readonly r2: FaultyBucket;
  readonly kv: LateNamespace;
}

export function machineStores(): MachineStores {
  const clock = new VirtualClock();
  const memory = memoryBucket({ now: clock.now });
  return { clock, memory, r2: faultyBucketOver(memory.r2), kv: lateNamespace() };
}

/** For changes of profiles whose machines one call can look at. */
export const NO_CHECK = async (): Promise<never> => {
  throw new Error('one call can look at these machines');
};

export interface Booted {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly text: string;
  /** As the machine's clock would have seen them pass. */
  readonly seconds: number;
}

const ORIGIN = 'http://edge.test';
const IPXE = { channel: 'stable', board: 'amd64-usr', version: 'current' };

/** What capabilities and records are kept safe by; it has no state, so that any number of isolates may share it. */
export interface MachineKeys {
  readonly vault: Vault;
  readonly capabilities: Capabilities;
}

/** Keys that are ready to use: making them takes real time, which no virtual clock knows of. */
export async function machineKeys(
  capability: string = CAPABILITY_SECRET,
  storage: string[] = [],
): Promise<MachineKeys> {
  const keys = { vault: new Vault(storage, [capability]), capabilities: new Capabilities([capability]) };
  await Promise.all([keys.vault.keyIds(), keys.capabilities.read('')]);
  return keys;
}

/** One isolate of the service: what it remembers is its own, the stores are everybody's. */
export class MachineRooms {
  readonly room: BootRoom & MachinePorts;
  readonly #clock: VirtualClock;
  readonly #pending: Promise<unknown>[] = [];

  constructor(
    { vault, capabilities }: MachineKeys,
    readonly stores: MachineStores = machineStores(),
    composing: ComposerOptions = {},
  ) {
    const { clock, r2, kv } = stores;
    this.#clock = clock;
    const platform: Platform = {
      fetch: () => Promise.reject(new Error('no network here')),
      now: clock.now,
      random: seeded(1),
      timer: clock.timer,
      waitUntil: (work) => void this.#pending.push(work),
    };
    const store = machineBucket(r2.bucket, platform);
    const copies = copyNamespace(kv.namespace, platform);
    this.room = {
      ...{ platform, store, copies, vault, capabilities, publicUrl: '', announce: undefined, noteBooted: undefined },
      identities: identityBucket(r2.bucket, platform),
      handed: handedBucket(r2.bucket, platform),
      current: new Current(platform, store, copies, vault),
      served: servedBucket(r2.bucket, platform),
      composer: new Composer({ platform, store, vault, composed: composedBucket(r2.bucket, platform) }, composing),
      boots: new BootLog(platform, store),
      ignitionOf: async (place) => ok(readerOfPlace(place).ignition),
      hasUpdates: async () => ok(false),
      releaseOf: async ({ version }) => ok(version === 'current' ? '4593.2.5' : version),
    };
  }

  async putProfile(name: string, texts: ProfileChange): Promise<void> {
    const options = { dryRun: false, force: false, cursor: undefined };
    must(await this.#clock.until(changeProfile(this.room, name, texts, options, NO_CHECK)));
  }

  async putMachine(
    id: string,
    text: string,
    profile: string | null = null,
    asked: Partial<NewMachine> = {},
  ): Promise<Issued> {
    return must(
      await this.tryMachine(id, text, { profiles: profile === null ? [] : [profile], ...asked }),
    ) as unknown as Issued;
  }

  /** The same, where it may be refused. */
  async tryMachine(id: string, text: string, asked: Partial<NewMachine>) {
    const written = { kind: kindOf(text), source: null, text, sourceText: undefined, expiresIn: undefined };
    const said = {
      profiles: [],
      hostname: null,
      sshAuthorizedKeys: [],
      vars: {},
      attributes: {},
      labels: {},
      fleet: null,
      identities: { mac: [], uuid: [], serial: [], asset: [] },
      ignition: null,
      kernelArgs: [],
      once: false,
      window: null,
    };
    const wanted = { ...IPXE, ...written, ...said, ...asked };
    return await this.#clock.until(this.issued(writeMachine(this.room, id, wanted)));
  }

  /** The answer of a call that writes a machine: its URLs, and why what it replaced could not be read. */
  async issued(written: Promise<Result<Written, OperatorFault>>) {
    const stored = await written;
    if (!stored.ok) return stored;
    const issuedNow = await issue(this.room, stored.value.machine, ORIGIN, ORIGIN);
    const { replaced } = stored.value;
    return issuedNow.ok && replaced !== undefined ? ok({ ...issuedNow.value, replaced }) : issuedNow;
  }

  /** `undefined` where there is no such machine, or none any more. */
  async renew(id: string, revoke: boolean): Promise<Issued | undefined> {
    const issued = await this.#clock.until(this.issued(issueToken(this.room, id, { revoke, expiresIn: undefined })));
    return issued.ok ? (issued.value as unknown as Issued) : undefined;
  }

  /** Why not, where it was not deleted. */
  async deleteMachine(id: string): Promise<string> {
    const deleted = await this.#clock.until(deleteMachine(this.room, id));
    return deleted.ok ? 'deleted now' : deleted.error.reason;
  }

  /** What a machine is answered under a URL of ours. */
  async boot(url: string, method = 'GET', client = ''): Promise<Booted> {
    return await this.#clock.until(this.bootMeanwhile(url, method, client));
  }

  /** The same, where other things go on at the same time: whoever asks lets the time go by. */
  async bootMeanwhile(url: string, method = 'GET', client = ''): Promise<Booted> {
    const began = this.#clock.now();
    const request = new Request(url, { method, headers: { 'user-agent': client } });
    const answer = await answerBootRequest(this.room, { request, path: rawPath(url), log: new WideEvent() });
    const seconds = (this.#clock.now() - began) / 1000;
    return { status: answer.status, headers: [...answer.headers], text: await answer.text(), seconds };
  }

  /** Everything that was to go on after the answers. */
  async settle(): Promise<void> {
    while (this.#pending.length > 0) await this.#clock.until(Promise.allSettled(this.#pending.splice(0)));
  }
}

function must<T>(outcome: Result<T, unknown>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(JSON.stringify(outcome.error));
}
