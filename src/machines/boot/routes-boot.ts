/** Answers requests under `/boot/`. A client needs no header and may use plain HTTP. An error is one line of text. */

import type { Announce } from '../../shared/announcement.ts';
import { causeFields } from '../../shared/cause.ts';
import { apiBody } from '../../shared/http/api.ts';
import { CACHE } from '../../shared/http/cache.ts';
import type { LogEvent, LogValue } from '../../shared/log.ts';
import { methodNotAllowed, type Problem, problemLine } from '../../shared/problem.ts';
import { err, type Result } from '../../shared/result.ts';
import { type Machine, profilesOf } from '../records/model.ts';
import { answerBoot, type BootAnswer, type BootFault, type BootPorts, type Wanted } from './boot.ts';
import { MOST_LINE_BYTES, SCRIPTS } from './boot-script.ts';
import { type BootLog, ignitionVersion } from './boots.ts';
import { answerDone } from './done.ts';
import { asksUserData } from './metadata.ts';
import { answerMetadata, isMetadata, UNREADABLE } from './routes-metadata.ts';
import { keepServed } from './served.ts';

export interface BootRoom extends BootPorts {
  readonly boots: BootLog;
  /** PUBLIC_URL. If it is empty, the origin of the request is used. */
  readonly publicUrl: string;
  /** Absent where nobody is told of anything. */
  readonly announce: Announce | undefined;
  /** Notes that a machine has booted the release that its alias names; absent where no ring waits for boots. */
  readonly noteBooted: ((machine: Machine) => Promise<unknown>) | undefined;
}

export interface BootContext {
  readonly request: Request;
  /** The path as the client sent it. */
  readonly path: string;
  readonly log: LogEvent;
}

/** Every forged capability and every unknown path gets this same answer, so that it tells a stranger nothing. */
export const UNKNOWN: Problem = { code: 'not-found', detail: 'not found' };
/** Other characters mean something to firmware, and no name that firmware finds has them. */
const PLAIN_ORIGIN = /^https?:\/\/[\w.:[\]-]+$/;
export const canStandInScript = (origin: string): boolean => PLAIN_ORIGIN.test(origin);
export const ODD_HOST: Problem = { code: 'bad-request', detail: 'no boot script can link to this host name' };
/** Of what a machine says when it is done. */
const MOST_SAID = 1024;
const SHA512 = /^[0-9a-f]{128}$/;

/** Answers `GET /boot/{capability}/ignition[/{sha512}]`, `/cloud-config`, `/ipxe`, `/grub` and `/pxelinux`. */
export async function answerBootRequest(room: BootRoom, context: BootContext): Promise<Response> {
  const { request } = context;
  if (isMetadata(context.path)) return await answerMetadata(room, context, answerWanted);
  if (asksUserData(context.path)) return problemLine(UNREADABLE, request.method);
  // No boot URL needs percent-encoding. The router takes `/%62oot/` for `/boot/`, and one URL must have one spelling.
  if (!context.path.startsWith('/boot/') || context.path.includes('%')) return problemLine(UNKNOWN, request.method);
  const [, , capability = '', ...rest] = context.path.split('/');
  if (rest.join('/') === 'done') return await takeDone(room, context, capability);
  if (request.method !== 'HEAD' && request.method !== 'GET')
    return problemLine(methodNotAllowed('GET, HEAD'), request.method);
  const wanted = wantedOf(rest);
  if (wanted === undefined) return problemLine(UNKNOWN, request.method);
  return await answerWanted(room, context, capability, wanted);
}

/** Answers `POST /boot/{capability}/done`. What the machine says with it is shown among its boots. */
async function takeDone(room: BootRoom, { request, log }: BootContext, capability: string): Promise<Response> {
  if (request.method !== 'POST') return problemLine(methodNotAllowed('POST'), request.method);
  log.set({ boot: 'done' });
  const body = await saidBy(room, request, capability);
  if (!body.ok) return problemLine(body.error, request.method);
  const done = await answerDone(room, capability);
  if (!done.ok) return respond(room, { request, log, path: '' }, { what: 'done' }, done);
  const { machine, isFirst } = done.value;
  const { id, generation, profile } = machine;
  log.set({ machine: id, generation, profile });
  const said = new TextDecoder()
    .decode(body.value)
    .replaceAll(/[^ -~]/g, ' ')
    .trim();
  // Whoever holds a spent URL could push the boots out of what is shown.
  if (isFirst) {
    room.boots.record(id, { what: 'done', status: 204, generation, ...(said === '' ? {} : { detail: said }) }, { log });
    tellBooted(room, machine, said);
    if (room.noteBooted !== undefined) room.platform.waitUntil(room.noteBooted(machine));
  }
  return new Response(null, { status: 204, headers: { 'cache-control': CACHE.never } });
}

/** Tells of a boot after the answer: a machine never waits for it, and one that cannot be told is lost. */
function tellBooted({ platform, announce }: BootRoom, machine: Machine, said: string): void {
  if (announce === undefined) return;
  const { id, generation, channel, board, version, fleet = null, labels = {} } = machine;
  const at = new Date(platform.now()).toISOString();
  const data = { machine: id, generation, channel, board, version, profiles: profilesOf(machine), fleet, labels, said };
  platform.waitUntil(announce({ type: 'machine.booted', what: `${id} ${generation} ${at}`, at, data }));
}

/** A stranger's body is not read: a forged URL is 404, whatever comes with it. */
async function saidBy(room: BootRoom, request: Request, capability: string) {
  const isReadable = (await room.capabilities.read(capability)) !== undefined;
  if (!isReadable && room.capabilities.secrets.length > 0) return err(UNKNOWN);
  return await apiBody(room.platform, request, MOST_SAID);
}

async function answerWanted(
  room: BootRoom,
  context: BootContext,
  capability: string,
  wanted: Wanted,
): Promise<Response> {
  const { request } = context;
  const isHead = request.method === 'HEAD';
  const asked = new URL(request.url).origin;
  // Firmware that has no TLS asks by plain HTTP, and cannot follow a link to https, whatever PUBLIC_URL says.
  const origin = isScript(wanted.what) ? asked : room.publicUrl || asked;
  if (isScript(wanted.what) && !canStandInScript(origin)) return problemLine(ODD_HOST, request.method);
  const answer = await answerBoot(room, { capability, wanted, origin, isHead });
  if (answer.ok && !isHead && isConfig(wanted.what)) keepAfter(room, wanted.what, answer.value);
  return respond(room, context, wanted, answer);
}

const isConfig = (what: Wanted['what']): boolean => what === 'ignition' || what === 'frozen';

/** After the answer: a machine does not wait for it. */
function keepAfter(room: BootRoom, what: string, { body, machine, sha512 }: BootAnswer): void {
  const { generation } = machine;
  const at = new Date(room.platform.now()).toISOString();
  room.platform.waitUntil(keepServed(room, machine, body, { at, sha512, generation: String(generation), what }));
}

/** Answers a request with what was found for it, and records it for the machine. */
export function respond(
  room: BootRoom,
  { request, log }: BootContext,
  wanted: { readonly what: Wanted['what'] | 'done' },
  answer: Result<BootAnswer, BootFault>,
): Response {
  const isHead = request.method === 'HEAD';
  const ignition = ignitionVersion(request.headers.get('user-agent'));
  const client = ignition === undefined ? {} : { ignition };
  log.set({ boot: wanted.what, ...client });
  if (answer.ok) {
    const { body, contentType, machine, sha512, made, release, older } = answer.value;
    log.set({ machine: machine.id, generation: machine.generation, sha512, profile: machine.profile });
    if (release !== undefined) log.set({ release });
    const event = {
      ...{ what: wanted.what, status: 200, generation: machine.generation, sha512 },
      ...(older === undefined ? {} : { detail: older }),
      ...client,
      ...made,
    };
    if (!isHead && wanted.what !== 'metadata') room.boots.record(machine.id, event, { log });
    const bytes = new TextEncoder().encode(body);
    const headers = {
      'content-type': contentType,
      'content-length': String(bytes.length),
      'cache-control': CACHE.asItIs,
    };
    return new Response(isHead ? null : bytes, { headers });
  }
  const fault = answer.error;
  const problem = problemOf(fault);
  log.set({ reason: fault.reason, ...evidence(fault) });
  const response = problemLine(problem, request.method);
  // A cloud's client asks for much that is not set, and often.
  if (fault.machine !== undefined && !isHead && fault.reason !== 'not-set') {
    const { reason } = fault;
    const generation = 'generation' in fault && fault.generation !== undefined ? { generation: fault.generation } : {};
    const of = reason === 'invalid' ? profileOf(fault) : {};
    const detail = response.status >= 500 ? { detail: whyNot(fault) } : {};
    const event = { what: wanted.what, status: response.status, reason, ...detail, ...generation, ...client, ...of };
    room.boots.record(fault.machine, event, { log });
  }
  return response;
}

function wantedOf(rest: readonly string[]): Wanted | undefined {
  const [what, sha512, ...more] = rest;
  if (more.length > 0) return undefined;
  if (what === 'ignition' && sha512 !== undefined) return SHA512.test(sha512) ? { what: 'frozen', sha512 } : undefined;
  if (sha512 !== undefined) return undefined;
  if (what === 'ignition' || what === 'cloud-config') return { what };
  const script = SCRIPTS.find((name) => name === what);
  return script === undefined ? undefined : { what: script };
}

const isScript = (what: string): boolean => (SCRIPTS as readonly string[]).includes(what);

/** A 503 keeps a booting machine asking. The line says what has to be mended, and by its wording nothing that is secret. */
const later = (detail: string): Problem => ({ code: 'unavailable', detail });

type Invalid = Extract<BootFault, { readonly reason: 'invalid' }>;

const profileOf = ({ profile, profileGeneration }: Invalid) => ({
  ...(profile === undefined ? {} : { profile }),
  ...(profileGeneration === undefined ? {} : { profileGeneration }),
});

/** Returns why a machine gets no config at the moment, in one sentence. */
function whyNot(fault: BootFault): string {
  switch (fault.reason) {
    case 'invalid': {
      const { profile, profileGeneration } = fault;
      const named = profile === undefined ? '' : ` (profile ${profile}, generation ${profileGeneration ?? ''})`;
      return `the layers of this machine do not make a valid config${named}; at ${fault.entry}`;
    }
    case 'no-key':
      return 'STORAGE_KEY lacks the value that this record was written under';
    case 'tampered':
      return 'the stored record is not what was written';
    case 'no-secret':
      return 'CAPABILITY_SECRET is not set';
    case 'no-release':
      return `the release that this machine boots is not known at the moment: ${fault.detail}`;
    case 'line-too-long':
      return `the kernel's command line would have ${fault.bytes} bytes, and a kernel reads ${MOST_LINE_BYTES}: shorten kernelArgs or the host name`;
    case 'record-missing':
      return 'the record of this machine or of its profile is missing';
    case 'too-slow':
      return 'our stores, or upstream, are too slow at the moment; try again';
    case 'stored-malformed':
      return `what is stored cannot be read (${fault.what})`;
    case 'store-unreachable':
      return `our store does not answer at the moment (${fault.operation}); try again`;
    default:
      return fault.reason;
  }
}

/** Ignition treats a 4xx as final, so only a proven fault gets one. Every other fault gets 503. */
function problemOf(fault: BootFault): Problem {
  switch (fault.reason) {
    case 'forged':
      return UNKNOWN;
    case 'expired':
    case 'revoked':
    case 'deleted':
      return { code: 'gone', detail: `this boot URL is ${fault.reason}` };
    case 'handed-out':
      return { code: 'gone', detail: 'this boot URL was for one boot, which it has had' };
    case 'window-over':
      return { code: 'gone', detail: 'the time for which this boot URL was open is over' };
    case 'no-cloud-config':
      return { code: 'not-found', detail: 'the user data is no cloud-config and no script' };
    case 'no-such-rendering':
      return { code: 'not-found', detail: 'no such rendering' };
    case 'not-set':
      return { code: 'not-found', detail: 'not set' };
    case 'no-secret':
    case 'record-missing':
    case 'no-release':
    case 'line-too-long':
    case 'too-slow':
    case 'invalid':
    case 'no-key':
    case 'tampered':
    case 'store-unreachable':
    case 'stored-malformed':
      return later(whyNot(fault));
  }
}

function evidence(fault: BootFault): Readonly<Record<string, LogValue>> {
  const { machine } = fault;
  if (fault.reason === 'store-unreachable') return { machine, operation: fault.operation, ...causeFields(fault) };
  if (fault.reason === 'stored-malformed') return { machine, operation: `${fault.what}: ${fault.detail}` };
  if (fault.reason === 'invalid') return { machine: fault.machine, entry: fault.entry, ...profileOf(fault) };
  return fault.machine === undefined ? {} : { machine: fault.machine };
}
