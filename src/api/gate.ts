/**
 * What stands before every call of the API: who calls, whether the names are ones that the call takes, whether the caller may
 * make it. A dry run is made on rooms that store nothing, and a write that went through leaves its entry in the audit trail.
 */
import { type AuditPorts, leaveEntry } from '../access/audit.ts';
import { type AccessPorts, identify } from '../access/identity.ts';
import { type Caller, mayCall } from '../access/scopes.ts';
import { checkShape, shapeProblem } from '../shared/http/api.ts';
import { type Call, refuse } from '../shared/http/call.ts';
import { lazily } from '../shared/lazily.ts';
import { fieldProblem, methodNotAllowed, type Problem } from '../shared/problem.ts';
import { ok, type Result } from '../shared/result.ts';
import { callFinder, type FoundCall, unknownNames } from './call-finder.ts';
import { ANY, type Call as ContractCall, isWrite, writeQuery } from './contract/call.ts';

export interface GatePorts {
  /** The calls by their names. */
  readonly contract: () => Promise<Readonly<Record<string, ContractCall>>>;
  readonly access: AccessPorts & AuditPorts;
  /** Makes the same call on rooms that store nothing. */
  readonly dryRun: (call: Call) => Promise<Response>;
}

/** Returns the gate as a middleware of the router. */
export function gate({ contract, access, dryRun }: GatePorts) {
  const finder = lazily(async () => callFinder(await contract()));
  return async (call: Call, next: () => Promise<void>): Promise<Response | undefined> => {
    const find = await finder();
    // The path as the router has decoded it: whatever else a URL spells, what is asked here is what is called.
    const { path } = call.req;
    const found = find(call.req.method, path);
    // Strangers may know which webhooks there are, and nothing else.
    if (found === undefined && !path.startsWith('/api/')) return refuse(call, noSuchCall(find, path));
    const caller = await callerOf(access, call.req.raw, found);
    if (!caller.ok) return refuse(call, caller.error);
    call.set('caller', caller.value);
    call.var.log.set({ caller: caller.value.who });
    // No route is reached by what is no call of the contract.
    if (found === undefined) return refuse(call, noSuchCall(find, path));
    const unasked = found.call.body === undefined && (await hasBody(call.req.raw));
    if (unasked)
      return refuse(call, fieldProblem([{ field: 'body', message: 'is none that this call takes: send none' }]));
    const { searchParams } = new URL(call.req.url);
    const refused = unknownNames(found.call, searchParams.keys()) ?? notAllowed(caller.value, found);
    if (refused !== undefined) return refuse(call, refused);
    if (!isWrite(found.call)) {
      await next();
      return undefined;
    }
    const asked = checkShape(writeQuery, { dry_run: searchParams.get('dry_run') ?? undefined }, 'the query');
    if (!asked.ok) return refuse(call, shapeProblem(asked.error));
    if (asked.value.dry_run === true) return await dryRun(call);
    await next();
    // An import that stops at a bad line has stored those before it.
    if (call.res.ok || call.var.change !== undefined) await audit(access, call, found.name, path);
    return undefined;
  };
}

const METHODS = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];

/** Returns the 405 of a path that has other methods (RFC 9110 section 15.5.6), or the 404 of one that has none. */
function noSuchCall(find: ReturnType<typeof callFinder>, path: string): Problem {
  const methods = METHODS.filter((method) => find(method, path) !== undefined);
  return methods.length > 0
    ? methodNotAllowed(methods.join(', '))
    : { code: 'not-found', detail: 'there is no such call' };
}

/** Returns a middleware that refuses names which a public call does not take. */
export function strictNames(contract: GatePorts['contract'], refuseWith: (call: Call, problem: Problem) => Response) {
  const finder = lazily(async () => callFinder(await contract()));
  return async (call: Call, next: () => Promise<void>): Promise<Response | undefined> => {
    const find = await finder();
    const found = find(call.req.method, call.req.path);
    const refused = found && unknownNames(found.call, new URL(call.req.url).searchParams.keys());
    if (refused !== undefined) return refuseWith(call, refused);
    await next();
    return undefined;
  };
}

/** True for a request that carries at least one byte. What a call does not take must not be taken for done. */
async function hasBody(request: Request): Promise<boolean> {
  if (request.body === null) return false;
  const reader = request.body.getReader();
  for (;;) {
    const read = await reader.read().catch(() => undefined);
    if (read === undefined || read.done) return false;
    if (read.value.length === 0) continue;
    // Nobody waits for the rest of it.
    reader.cancel().catch(() => undefined);
    return true;
  }
}

/** A webhook is signed: its route proves that before it does anything. */
async function callerOf(
  access: AccessPorts,
  request: Request,
  found: FoundCall | undefined,
): Promise<Result<Caller, Problem>> {
  if (found?.call.isPublic === true) return ok({ who: found.name, may: new Set() });
  return await identify(access, request);
}

/** Returns the 403 for a call that the caller may not make. */
function notAllowed(caller: Caller, { name, call, params }: FoundCall): Problem | undefined {
  if (call.isPublic === true) return undefined;
  const needs = call.needs ?? [];
  const more = call.alsoNeeds ?? [];
  if ((needs !== ANY && !mayCall(caller, needs)) || !more.every((scope) => mayCall(caller, [scope]))) {
    const may = caller.may === 'everything' ? '' : [...caller.may].join(', ') || 'nothing';
    const any = needs.length === 0 ? 'the operator token' : needs.join(' or ');
    const needed = [any, ...more].join(' and ');
    return { code: 'forbidden', detail: `${caller.who} may ${may}; ${name} needs ${needed}` };
  }
  const { prefix } = caller;
  if (prefix !== undefined && name === 'listAudit')
    return {
      code: 'forbidden',
      detail: `${caller.who} has only what begins with ${prefix}; the audit trail is of all`,
    };
  if (prefix === undefined || !OWNED.has(call.tag ?? '')) return undefined;
  const target = params['id'] ?? params['name'];
  const isOwn = target === undefined ? LISTS.has(name) : target.startsWith(prefix);
  if (isOwn) return undefined;
  const which = target === undefined ? 'all of them' : target;
  return { code: 'forbidden', detail: `${caller.who} has only what begins with ${prefix}; ${name} is about ${which}` };
}

/** What a prefix is about. */
const OWNED: ReadonlySet<string> = new Set(['Machines', 'Profiles', 'Fleets']);

/** They show only what begins with the caller's prefix. */
const LISTS: ReadonlySet<string> = new Set(['listMachines', 'countMachines', 'listProfiles', 'listFleets']);

async function audit(access: AuditPorts, call: Call, name: string, path: string): Promise<void> {
  const { caller, change, requestId } = call.var;
  const left = await leaveEntry(access, {
    ...{ who: caller.who, call: name, target: path, status: call.res.status, requestId },
    ...(change === undefined || change.before === '' ? {} : { before: change.before }),
    ...(change === undefined || change.after === '' ? {} : { after: change.after }),
  });
  if (!left.ok) call.var.log.set({ audit: 'lost' });
}
