/**
 * Answers a machine that asks a fleet's URL: the first stage, the script of the machine that its claims lead to, or that it waits.
 * It never guesses: where claims contradict each other, or the stores prove nothing, the answer is 503.
 */
import { within } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { ANSWER_WITHIN_MS, answerFor, type BootAnswer, type BootFault } from '../boot/boot.ts';
import { holding } from '../identities.ts';
import type { MachinePorts } from '../issue.ts';
import type { OperatorFault } from '../problems.ts';
import type { Proven } from '../records/current.ts';
import type { FleetDefinition } from '../records/fleet-model.ts';
import { IDENTITY_KINDS, type IdentityKind, NO_IDENTITIES } from '../records/identity-values.ts';
import type { Machine } from '../records/model.ts';
import type { WaitingStore } from './bucket.ts';
import { type Claims, claimsOf, claimsText, queryOf, readQuery } from './claims.ts';
import { enrol, idOf } from './enrol.ts';
import { firstStage, waitingScript } from './fleet-script.ts';
import { openFleet } from './fleets.ts';
import { type Found, fits, select } from './select.ts';

export interface FleetPorts extends MachinePorts {
  readonly waiting: WaitingStore;
}

export interface FleetRequest {
  readonly capability: string;
  readonly origin: string;
  /** As the client sent it, such as `?mac=…`. */
  readonly search: string;
  /** True for a request that must change nothing. */
  readonly isHead: boolean;
}

export type FleetAnswer =
  | { readonly kind: 'script'; readonly text: string; readonly fleet: string; readonly waits?: Waiting }
  | {
      readonly kind: 'machine';
      readonly answer: Result<BootAnswer, BootFault>;
      readonly fleet: string;
      readonly claims: Claims;
      readonly enrolled: boolean;
    };

/** Why a machine waits, for the operator. */
export interface Waiting {
  readonly claims: Claims;
  readonly state: 'waiting' | 'limit' | 'contradiction' | 'problem';
  readonly detail?: string;
}

export type FleetFault = (
  | { readonly reason: 'forged' | 'no-secret' | 'revoked' | 'deleted' | 'refused' | 'record-missing' | 'too-slow' }
  | { readonly reason: 'contradiction' | 'lost'; readonly detail: string; readonly claims: Claims }
  | OperatorFault
) & { readonly fleet?: string; readonly claims?: Claims };

/** A record that did not follow its identity within a day was never written. */
const A_DAY_MS = 86_400_000;
/** The same machine may boot twice at once, and the other may take the identity first. */
const ATTEMPTS = 3;

/** Returns the script for a machine, or the reason why there is none. A forged capability costs no store read. */
export async function answerFleet(ports: FleetPorts, request: FleetRequest): Promise<Result<FleetAnswer, FleetFault>> {
  if (ports.capabilities.secrets.length === 0) return err({ reason: 'no-secret' });
  const capability = await ports.capabilities.readForFleet(request.capability);
  if (capability === undefined) return err({ reason: 'forged' });
  const { fleet } = capability;
  const answer = await within(ports.platform, ANSWER_WITHIN_MS, answerProven(ports, request, fleet, capability.epoch));
  if (answer === undefined) return err({ reason: 'too-slow', fleet });
  return answer.ok ? answer : err({ fleet, ...answer.error });
}

async function answerProven(
  ports: FleetPorts,
  request: FleetRequest,
  fleet: string,
  epoch: string,
): Promise<Result<FleetAnswer, FleetFault>> {
  const url = `${request.origin}/boot/${request.capability}/ipxe`;
  const query = readQuery(request.search);
  const claims = claimsOf(query);
  // Nothing of the first claim's answer is used before the fleet is proven: the two reads only go side by side.
  const [first] = IDENTITY_KINDS.flatMap((kind) => (claims.identities[kind] ?? []).map((value) => ({ kind, value })));
  const given = first === undefined ? undefined : ports.identities.read(fleet, first.kind, first.value);
  const proven = await ports.current.fleet(fleet);
  if (!proven.ok) return proven;
  if (proven.value === undefined) return err({ reason: 'record-missing' });
  if (proven.value.value.deletedAt !== null) return err({ reason: 'deleted' });
  if (proven.value.value.epoch !== epoch) return err({ reason: 'revoked' });
  const isFirst = !query.some(([name]) => IDENTITY_KINDS.some((kind) => kind === name));
  if (isFirst) return ok({ kind: 'script', text: firstStage(url, claims.labels), fleet });
  const definition = await openFleet(ports.vault, proven.value.value);
  if (!definition.ok) return definition;
  return await answerClaims(ports, { ...request, fleet, url, claims, definition: definition.value, given });
}

interface Asked extends FleetRequest {
  readonly fleet: string;
  readonly url: string;
  readonly claims: Claims;
  readonly definition: FleetDefinition;
  /** What the first claim leads to, asked already. */
  readonly given: FirstGiven;
}

type FirstGiven = ReturnType<FleetPorts['identities']['read']> | undefined;

async function answerClaims(ports: FleetPorts, asked: Asked): Promise<Result<FleetAnswer, FleetFault>> {
  const { fleet, claims, definition } = asked;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const found = await foundBy(ports, fleet, claims, attempt === 0 ? asked.given : undefined);
    if (!found.ok) return found;
    const selection = select(claims, found.value.map(knownBy));
    if (selection.kind === 'contradiction') return err({ reason: 'contradiction', detail: selection.detail, claims });
    const machine = found.value[0]?.machine;
    if (selection.kind === 'machine' && machine !== undefined)
      return ok({
        kind: 'machine',
        answer: await scriptOf(ports, asked, machine),
        fleet,
        claims,
        enrolled: attempt > 0,
      });
    const rule = definition.rules.find(({ match }) => fits(match, claims));
    const isTaken = rule !== undefined || definition.unknown === 'enrol';
    if (!isTaken && definition.unknown === 'refuse') return err({ reason: 'refused', claims });
    const hasIdentity = Object.keys(claims.identities).length > 0;
    if (!isTaken || asked.isHead || !hasIdentity) return ok(waits(asked, { claims, state: 'waiting' }));
    const enrolled = await enrol(ports, { fleet, claims, definition, rule });
    if (!enrolled.ok) return err({ ...enrolled.error, claims });
    if (enrolled.value === 'limit') return ok(waits(asked, { claims, state: 'limit' }));
  }
  const detail = `a machine ${await idOf({ fleet, claims })} is there, and its record does not name what this one says of itself`;
  return err({ reason: 'contradiction', detail, claims });
}

/** Returns the URL that a machine asks again. */
const withClaims = (url: string, claims: Claims): string => {
  const query = queryOf(claims);
  return query === '' ? url : `${url}?${query}`;
};

/** Returns the script of a machine that waits. What it says is plain: firmware takes other signs for its own. */
function waits({ url, fleet }: Asked, waiting: Waiting): FleetAnswer {
  const who = claimsText(waiting.claims).replaceAll(/[^A-Za-z0-9:., -]/g, '_');
  const why =
    waiting.state === 'limit'
      ? `fleet ${fleet} takes in no more machines in this hour`
      : `fleet ${fleet} waits for an operator to say what this machine is`;
  const says = `${why}: ${who === '' ? 'it tells neither address nor number' : who}`;
  return { kind: 'script', text: waitingScript(withClaims(url, waiting.claims), says), fleet, waits: waiting };
}

/** A claim with the record that names it. */
interface FoundRecord {
  readonly kind: IdentityKind;
  readonly value: string;
  readonly machine: Proven<Machine>;
}

const knownBy = ({ kind, value, machine: { value: record } }: FoundRecord): Found => ({
  ...{ kind, value },
  machine: { id: record.id, identities: record.identities ?? NO_IDENTITIES },
});

/**
 * Returns the machine that each claim leads to. Only what its record names counts. Once a machine is found, a claim of a kind that it
 * names something of is judged by its record, and costs no read.
 */
async function foundBy(
  ports: FleetPorts,
  fleet: string,
  claims: Claims,
  first: FirstGiven,
): Promise<Result<readonly FoundRecord[], FleetFault>> {
  const found: FoundRecord[] = [];
  const all = IDENTITY_KINDS.flatMap((kind) => (claims.identities[kind] ?? []).map((value) => ({ kind, value })));
  for (const [at, { kind, value }] of all.entries()) {
    if ((found[0]?.machine.value.identities?.[kind] ?? []).length > 0) continue;
    const asked = (at === 0 ? first : undefined) ?? ports.identities.read(fleet, kind, value);
    const machine = await machineWith(ports, { fleet, kind, value, given: asked }, claims);
    if (!machine.ok) return machine;
    if (machine.value !== undefined) found.push({ kind, value, machine: machine.value });
  }
  return ok(found);
}

async function machineWith(
  ports: FleetPorts,
  identity: {
    readonly fleet: string;
    readonly kind: IdentityKind;
    readonly value: string;
    readonly given: NonNullable<FirstGiven>;
  },
  claims: Claims,
): Promise<Result<Proven<Machine> | undefined, FleetFault | StoreFault>> {
  const given = await identity.given;
  if (!given.ok) return given;
  if (given.value === undefined) return ok(undefined);
  const machine = await ports.current.machine(given.value.machine);
  if (!machine.ok) return machine;
  const held = holding(given.value, machine.value?.value, identity, ports.platform.now());
  if (held === 'named') return ok(machine.value);
  // Its record may be written in this moment: then it is known in the next one.
  if (held === 'on its way') return err({ reason: 'record-missing' });
  // A record that is not there may be lost, and is never nobody's. Only a first boot that broke off is begun again: it creates its
  // record where there is none, or finds it.
  const { fleet, kind, value } = identity;
  if (machine.value !== undefined || given.value.generation === 0) return ok(undefined);
  const isNever = given.value.generation === 1 && ports.platform.now() - given.value.at > A_DAY_MS;
  if (isNever || given.value.machine === (await idOf({ fleet, claims }))) return ok(undefined);
  const detail = `${kind} ${value} is that of ${given.value.machine}, whose record is missing: write that machine again, or another one with it`;
  return err({ reason: 'lost', detail, claims });
}

async function scriptOf(
  ports: FleetPorts,
  { origin, url, claims, definition }: Asked,
  machine: Proven<Machine>,
): Promise<Result<BootAnswer, BootFault>> {
  const { id, epoch, nonce, expiry } = machine.value;
  const now = Math.floor(ports.platform.now() / 1000);
  if (expiry !== 0 && now >= expiry) return err({ reason: 'expired', machine: id });
  const ends =
    definition.expiresIn === null ? expiry : Math.min(expiry || Number.MAX_SAFE_INTEGER, now + definition.expiresIn);
  const capability = await ports.capabilities.mint({ machine: id, epoch, nonce, expiry: ends });
  // Where the machine's own URL ends, only the fleet's makes a new one.
  const again = withClaims(url, claims);
  const answer = await answerFor(ports, { capability, wanted: { what: 'ipxe' }, origin, again }, machine);
  return answer.ok ? answer : err({ machine: id, ...answer.error });
}
