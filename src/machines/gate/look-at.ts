/**
 * Looks at the machines and fleets that boot by a name of a pair: which of them would a release keep from booting? Each is composed
 * for the Ignition of the release. One that does not boot now cannot be broken by it.
 */
import { isAliasName } from '../../releases/model.ts';
import { ok, type Result } from '../../shared/result.ts';
import { addBreak, type BrokenGroup } from '../break-groups.ts';
import { checkFleet } from '../fleets/check-fleet.ts';
import { openFleet, readFleet } from '../fleets/fleets.ts';
import type { MachinePorts } from '../issue.ts';
import { openSays, openUserData } from '../layers/layers.ts';
import { readerFor } from '../layers/machine-reader.ts';
import { renderBeside } from '../layers/render.ts';
import { SAMPLE_URLS } from '../layers/variables.ts';
import { faultText, machineProblem, type OperatorFault } from '../problems.ts';
import { type Layers, layersOfProfiles } from '../profile-effect.ts';
import type { Summary } from '../records/bucket.ts';
import { machineDocument } from '../records/documents.ts';
import type { FleetDefinition } from '../records/fleet-model.ts';
import type { Machine } from '../records/model.ts';
import type { Release } from './bucket.ts';
import type { NameLook } from './look-record.ts';

export interface Found {
  readonly looked: number;
  readonly names: Readonly<Record<string, NameLook>>;
  /** The last machine that was looked at; empty before the first one. */
  readonly place: string;
  /** True when there are no more machines, and the fleets were looked at too. */
  readonly isWhole: boolean;
}

interface Limits {
  readonly most: number;
  /** No page begins after this time, in milliseconds since the epoch. */
  readonly until: number;
}

const PAGE = 500;
const AT_ONCE = 20;
const MOST_UNREADABLE = 20;
const MOST_OEMS = 50;

/** Goes on with a look, and returns what was found so far. */
export async function lookAt(
  ports: MachinePorts,
  release: Release,
  sofar: Omit<Found, 'isWhole'>,
  { most, until }: Limits,
): Promise<Result<Found, OperatorFault>> {
  const ignition = await ports.ignitionOf(release);
  if (!ignition.ok) return ignition;
  const look = new Look(ports, release, ignition.value, sofar.names);
  let { looked, place } = sofar;
  const stopAt = looked + most;
  for (;;) {
    const page = await ports.store.list('machine', { after: place, limit: PAGE });
    if (!page.ok) return page;
    const mayFollow = page.value.items.filter(({ summary }) => mayFollowIn(release, summary));
    for (let at = 0; at < mayFollow.length; at += AT_ONCE) {
      const names = mayFollow.slice(at, at + AT_ONCE).map(({ name }) => name);
      const records = await Promise.all(names.map((id) => machineDocument(ports, id).read()));
      for (const [index, record] of records.entries()) {
        if (!record.ok && record.error.reason !== 'stored-malformed') return record;
        const id = names[index] ?? '';
        const boots = mayFollow[at + index]?.summary['boots'];
        // A summary of an earlier version does not tell by which name it boots.
        if (!record.ok && boots !== undefined) look.cannotRead(nameIn(boots), id, faultText(record.error));
        const machine = record.ok ? record.value?.value : undefined;
        if (machine !== undefined && machine.deletedAt === null) {
          const added = await look.machine(machine);
          if (!added.ok) return added;
        }
      }
    }
    looked += page.value.items.length;
    place = page.value.items.at(-1)?.name ?? place;
    if (page.value.cursor === undefined) break;
    if (looked >= stopAt || ports.platform.now() >= until)
      return ok({ looked, place, names: look.names(), isWhole: false });
  }
  const fleets = await look.fleets();
  return fleets.ok ? ok({ looked, place, names: look.names(), isWhole: true }) : fleets;
}

/** A machine's summary says by what it boots. Those of earlier versions do not: their records have to be read. */
function mayFollowIn({ channel, board }: Release, { boots, deleted = '' }: Summary): boolean {
  if (deleted !== '') return false;
  if (boots === undefined) return true;
  return boots.startsWith(`${channel}/${board}/`) && isAliasName(nameIn(boots));
}

const nameIn = (boots: string): string => boots.split('/').at(-1) ?? '';

type Place = Pick<Machine, 'channel' | 'board' | 'version'>;

interface NameFound {
  followers: number;
  broken: number;
  readonly groups: Map<string, BrokenGroup>;
  readonly unreadable: { id: string; reason: string }[];
  readonly oems: Set<string>;
}

class Look {
  readonly #names: Map<string, NameFound>;
  readonly #profiles = new Map<string, Layers>();

  constructor(
    private readonly ports: MachinePorts,
    private readonly release: Release,
    private readonly ignition: string,
    sofar: Readonly<Record<string, NameLook>>,
  ) {
    const found = ([name, look]: [string, NameLook]): [string, NameFound] => {
      const { followers, broken, breaks, unreadable, oems } = look;
      const groups = new Map(breaks.map((group): [string, BrokenGroup] => [group.cause, group]));
      return [name, { followers, broken, groups, unreadable: [...unreadable], oems: new Set(oems) }];
    };
    this.#names = new Map(Object.entries(sofar).map(found));
  }

  names(): Record<string, NameLook> {
    const plain = ({ followers, broken, groups, unreadable, oems }: NameFound): NameLook => {
      const breaks = [...groups.values()].toSorted((a, b) => b.count - a.count);
      // A record holds what JSON holds.
      return JSON.parse(JSON.stringify({ followers, broken, breaks, unreadable, oems: [...oems] })) as NameLook;
    };
    return Object.fromEntries([...this.#names].map(([name, found]) => [name, plain(found)]));
  }

  cannotRead(name: string, id: string, reason: string): void {
    const { unreadable } = this.#of(name);
    if (unreadable.length < MOST_UNREADABLE) unreadable.push({ id, reason });
  }

  async machine(machine: Machine): Promise<Result<undefined, OperatorFault>> {
    const { ports } = this;
    const { id, version } = machine;
    if (!this.#isBy(machine)) return ok(undefined);
    const found = this.#of(version);
    found.followers += 1;
    const profiles = await this.#layersOf(machine);
    if (!profiles.ok && profiles.error.reason === 'store-unreachable') return profiles;
    if (!profiles.ok) {
      this.cannotRead(version, id, machineProblem(profiles.error).detail);
      return ok(undefined);
    }
    const kernelArgs = [...profiles.value.flatMap((profile) => profile.kernelArgs), ...(machine.kernelArgs ?? [])];
    for (const oem of oemsIn(kernelArgs)) if (found.oems.size < MOST_OEMS) found.oems.add(oem);
    const reader = readerFor({ ...machine, shipped: this.ignition }, profiles.value);
    const readerNow = readerFor(machine, profiles.value);
    // The same Ignition reads the same config.
    if (reader.ignition === readerNow.ignition) return ok(undefined);
    const user = await openUserData(ports.vault, machine);
    const says = user.ok ? await openSays(ports.vault, machine) : user;
    if (!user.ok || !says.ok) {
      if (!says.ok) this.cannotRead(version, id, faultText(says.error));
      return ok(undefined);
    }
    const layers = { profiles: profiles.value, machine: says.value, user: user.value };
    const after = await renderBeside(ports.platform, { ...layers, reader }, SAMPLE_URLS);
    if (after.ok || !(await renderBeside(ports.platform, { ...layers, reader: readerNow }, SAMPLE_URLS)).ok)
      return ok(undefined);
    found.broken += 1;
    addBreak(found.groups, id, after.error.entries);
    return ok(undefined);
  }

  /** Looks at all fleets: a machine that boots by one may have no record yet. */
  async fleets(): Promise<Result<undefined, OperatorFault>> {
    const { ports } = this;
    let cursor: string | undefined;
    do {
      const page = await ports.store.list('fleet', { cursor, limit: PAGE });
      if (!page.ok) return page;
      for (const { name } of page.value.items.filter(({ summary }) => (summary['deleted'] ?? '') === '')) {
        const fleet = await readFleet(ports, name);
        if (!fleet.ok && fleet.error.reason === 'store-unreachable') return fleet;
        const definition = fleet.ok ? await openFleet(ports.vault, fleet.value.value) : undefined;
        // What cannot be read takes nobody in now either.
        if (!definition?.ok) continue;
        const looked = await this.#fleet(name, definition.value);
        if (!looked.ok) return looked;
      }
      cursor = page.value.cursor;
    } while (cursor !== undefined);
    return ok(undefined);
  }

  async #fleet(fleet: string, definition: FleetDefinition): Promise<Result<undefined, OperatorFault>> {
    const settings = [definition, ...definition.rules.map((rule) => ({ ...definition, ...given(rule) }))];
    const names = new Set(settings.filter((one) => this.#isBy(one)).map(({ version }) => version));
    for (const name of names) {
      const found = this.#of(name);
      found.followers += 1;
      // Each name for itself: what others boot does not change when one moves.
      const shipped = (place: Place) => (this.#isBy(place) && place.version === name ? this.ignition : undefined);
      const after = await checkFleet(this.ports, definition, shipped);
      if (after.ok) continue;
      if (after.error.reason === 'store-unreachable') return after;
      if (!(await checkFleet(this.ports, definition)).ok) continue;
      found.broken += 1;
      const message = machineProblem(after.error).detail;
      addBreak(found.groups, `fleet ${fleet}`, [{ layer: 'fleet', severity: 'error', path: fleet, message }]);
    }
    return ok(undefined);
  }

  async #layersOf(machine: Machine): Promise<Result<Layers[], OperatorFault>> {
    const layers = await layersOfProfiles(this.ports, machine, undefined, this.#profiles);
    return layers.ok ? ok(layers.value.filter((one) => one !== undefined)) : layers;
  }

  #isBy({ channel, board, version }: Place): boolean {
    return channel === this.release.channel && board === this.release.board && isAliasName(version);
  }

  #of(name: string): NameFound {
    const found = this.#names.get(name) ?? {
      ...{ followers: 0, broken: 0, groups: new Map(), unreadable: [], oems: new Set<string>() },
    };
    this.#names.set(name, found);
    return found;
  }
}

/** What a rule says for itself. */
const given = (rule: object) => Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined));

const OEM_ARGUMENT = /^(?:flatcar|coreos)\.oem\.id=([a-z0-9-]{1,32})$/;

/** Returns the clouds that kernel arguments name. */
const oemsIn = (kernelArgs: readonly string[]): string[] =>
  kernelArgs.flatMap((argument) => OEM_ARGUMENT.exec(argument)?.[1] ?? []);
