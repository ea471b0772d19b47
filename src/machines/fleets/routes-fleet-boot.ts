/** Answers requests for a fleet's URL, `/boot/~{capability}/ipxe`. An error is one line of text. */
import { causeFields } from '../../shared/cause.ts';
import { CACHE } from '../../shared/http/cache.ts';
import { methodNotAllowed, type Problem, problemLine } from '../../shared/problem.ts';
import { type BootContext, type BootRoom, canStandInScript, ODD_HOST, respond, UNKNOWN } from '../boot/routes-boot.ts';
import { answerFleet, type FleetFault, type FleetPorts } from './boot-fleet.ts';
import { endScript } from './fleet-script.ts';
import type { WaitingRoom } from './waiting.ts';

export interface FleetBootRoom extends BootRoom, FleetPorts {
  readonly waitingRoom: WaitingRoom;
}

/** Answers `GET /boot/~{capability}/ipxe`. */
export async function answerFleetRequest(room: FleetBootRoom, context: BootContext): Promise<Response> {
  const answer = await answerAsked(room, context);
  // iPXE cannot tell a 4xx from a cable that was pulled, and its script would ask for ever: a machine that is refused, or has had its
  // one boot, goes on to its disk. Other clients get the status.
  const isEnd = answer.status === 403 || answer.status === 410;
  if (!isEnd || !/^iPXE\//.test(context.request.headers.get('user-agent') ?? '')) return answer;
  const says = (await answer.text()).replaceAll(/[^A-Za-z0-9:., -]/g, ' ').trim();
  return scriptAnswer(endScript(says), context.request.method);
}

async function answerAsked(room: FleetBootRoom, context: BootContext): Promise<Response> {
  const { request, path, log } = context;
  const { method } = request;
  const [, , capability = '', what, ...more] = path.split('/');
  if (what !== 'ipxe' || more.length > 0) return problemLine(UNKNOWN, method);
  if (method !== 'GET' && method !== 'HEAD') return problemLine(methodNotAllowed('GET, HEAD'), method);
  const { origin, search } = new URL(request.url);
  if (!canStandInScript(origin)) return problemLine(ODD_HOST, method);
  const isHead = method === 'HEAD';
  log.set({ boot: 'fleet' });
  const answer = await answerFleet(room, { capability, origin, search, isHead });
  if (!answer.ok) return refused(room, context, answer.error);
  log.set({ fleet: answer.value.fleet });
  if (answer.value.kind === 'machine') {
    if (answer.value.enrolled) log.set({ enrolled: true });
    if (!isHead) room.waitingRoom.forget(answer.value.fleet, answer.value.claims, answer.value.enrolled);
    return respond(room, context, { what: 'ipxe' }, answer.value.answer);
  }
  const { text, waits, fleet } = answer.value;
  if (waits !== undefined && !isHead) room.waitingRoom.note(fleet, waits);
  log.set({ waits: waits?.state ?? 'asked' });
  return scriptAnswer(text, method);
}

function scriptAnswer(text: string, method: string): Response {
  const bytes = new TextEncoder().encode(text);
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(bytes.length),
    'cache-control': CACHE.asItIs,
  };
  return new Response(method === 'HEAD' ? null : bytes, { headers });
}

function refused(room: FleetBootRoom, { request, log }: BootContext, fault: FleetFault): Response {
  const problem = problemOf(fault);
  log.set({
    reason: fault.reason,
    ...(fault.fleet === undefined ? {} : { fleet: fault.fleet }),
    ...causeFields(fault),
  });
  const isForOperator =
    fault.reason === 'lost' ||
    fault.reason === 'contradiction' ||
    fault.reason === 'invalid' ||
    fault.reason === 'bad-value';
  if (isForOperator && fault.fleet !== undefined && fault.claims !== undefined && request.method !== 'HEAD') {
    const state = fault.reason === 'contradiction' ? 'contradiction' : 'problem';
    room.waitingRoom.note(fault.fleet, { claims: fault.claims, state, detail: detailOf(fault) });
  }
  return problemLine(problem, request.method);
}

/** Whoever may read the waiting room may not read values: a message may quote one. Layers and paths do not. */
function detailOf(fault: FleetFault): string {
  if (fault.reason === 'contradiction' || fault.reason === 'lost') return fault.detail;
  if (fault.reason === 'invalid') {
    const { layer = '', path = '' } = fault.entries.find(({ severity }) => severity === 'error') ?? {};
    return `as the fleet says, this machine has no valid config (${layer} at ${path}): a dry run of such a machine says why`;
  }
  const fields = fault.reason === 'bad-value' ? fault.shape.errors.map(({ field }) => field).join(', ') : '';
  return `this machine cannot be made as the fleet says: ${fields}`;
}

const later = (detail: string): Problem => ({ code: 'unavailable', detail });

/** Only what is proven is a 4xx: for iPXE it is final. */
function problemOf(fault: FleetFault): Problem {
  switch (fault.reason) {
    case 'forged':
      return UNKNOWN;
    case 'revoked':
    case 'deleted':
      return { code: 'gone', detail: `this boot URL is ${fault.reason}` };
    case 'refused':
      return { code: 'forbidden', detail: 'this fleet takes no machine that it does not know' };
    case 'contradiction':
      // Which machines it leads to is told to the operator alone.
      return later('what this machine says of itself leads to several machines, or to another one');
    case 'lost':
    case 'record-missing':
      return later('the record of this fleet or machine is missing, or is being written');
    case 'too-slow':
      return later('our stores are too slow at the moment; try again');
    case 'invalid':
    case 'bad-value':
      return later('this machine cannot be made as the fleet says; the waiting room tells the operator more');
    case 'store-unreachable':
      return later('our store does not answer at the moment; try again');
    case 'conflict':
      return later('somebody else writes this machine at the moment; try again');
    default:
      return later(`this fleet or machine cannot be read at the moment (${fault.reason})`);
  }
}
