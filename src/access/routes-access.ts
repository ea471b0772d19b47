/** The calls about tokens, about the audit trail, and about the caller. */
import { Hono } from 'hono';
import { answerJson, apiBody, apiObject, checkShape, shapeProblem } from '../shared/http/api.ts';
import { type App, type Call, refuse } from '../shared/http/call.ts';
import type { Cursors } from '../shared/http/cursor.ts';
import { entityTag, isNotModified, preconditionOf } from '../shared/http/precondition.ts';
import { fieldProblem, type Problem } from '../shared/problem.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { isStoreFault, storeProblemText } from '../shared/store.ts';
import { readTrail } from './audit.ts';
import {
  accessPageQuery,
  type auditPage,
  auditQuery,
  type me,
  type tokenMade,
  type tokenPage,
  tokenParams,
  type tokenRevoked,
  type tokenView,
  tokenWish,
} from './call-shapes.ts';
import type { AccessPorts } from './identity.ts';
import type { TokenRecord } from './token-record.ts';
import { makeToken, revokeToken, type TokenFault } from './tokens.ts';

export interface AccessRoom extends AccessPorts {
  readonly cursors: Cursors;
  /** True where nothing that is written stays. */
  readonly isDry: boolean;
}

const BODY_LIMIT = 64 * 1024;
const PAGE = 100;

/** Returns the router of `/api/tokens`. */
export function tokenRoutes(room: AccessRoom): App {
  const app: App = new Hono();
  app.get('/', (call) => listTokens(room, call));
  app.get('/:name', async (call) => {
    const name = nameIn(call);
    if (!name.ok) return refuse(call, name.error);
    const stored = await room.store.token(name.value).read();
    if (!stored.ok) return refuse(call, tokenProblem(stored.error));
    if (stored.value === undefined) return refuse(call, UNKNOWN);
    const etag = entityTag(stored.value.etag);
    if (isNotModified(call.req.raw.headers, etag)) return new Response(null, { status: 304, headers: { etag } });
    return answerJson<typeof tokenView>(view(stored.value.value), 200, { etag });
  });
  app.put('/:name', (call) => putToken(room, call));
  app.delete('/:name', async (call) => {
    const name = nameIn(call);
    if (!name.ok) return refuse(call, name.error);
    const revoked = await revokeToken(room, name.value, preconditionOf(call.req.raw.headers));
    if (!revoked.ok) return refuse(call, tokenProblem(revoked.error));
    call.set('change', { before: String(revoked.value?.generation ?? ''), after: '' });
    const revokedAt = new Date(room.platform.now()).toISOString();
    return answerJson<typeof tokenRevoked>({ name: name.value, revokedAt, dryRun: room.isDry });
  });
  return app;
}

/** Returns the router of `/api/audit`. */
export function auditRoutes(room: AccessRoom): App {
  const app: App = new Hono();
  app.get('/', async (call) => {
    const asked = checkShape(auditQuery, call.req.query(), 'the query');
    if (!asked.ok) return refuse(call, shapeProblem(asked.error));
    const { cursor, ...filter } = asked.value;
    const list = `audit ${JSON.stringify(filter)}`;
    const place = cursor === undefined ? '' : await room.cursors.read(list, cursor);
    if (place === undefined) return refuse(call, NO_CURSOR);
    const page = await readTrail(room, filter, place);
    if (!page.ok) return refuse(call, tokenProblem(page.error));
    const next = await room.cursors.make(list, page.value.place);
    return answerJson<typeof auditPage>({ items: page.value.items, cursor: next });
  });
  return app;
}

/** Returns the router of `/api/me`. */
export function meRoutes(): App {
  const app: App = new Hono();
  app.get('/', (call) => {
    const { who, may, prefix = null } = call.var.caller;
    return answerJson<typeof me>({ who, may: may === 'everything' ? may : [...may], prefix });
  });
  return app;
}

async function listTokens(room: AccessRoom, call: Call): Promise<Response> {
  const asked = checkShape(accessPageQuery, call.req.query(), 'the query');
  if (!asked.ok) return refuse(call, shapeProblem(asked.error));
  const place = asked.value.cursor === undefined ? '' : await room.cursors.read('tokens', asked.value.cursor);
  if (place === undefined) return refuse(call, NO_CURSOR);
  const page = await room.store.tokens(place, PAGE);
  if (!page.ok) return refuse(call, tokenProblem(page.error));
  const { names, isLast } = page.value;
  const items = [];
  const unreadable = [];
  for (const [index, stored] of (await Promise.all(names.map((name) => room.store.token(name).read()))).entries()) {
    if (stored.ok && stored.value !== undefined) items.push(view(stored.value.value));
    if (stored.ok) continue;
    if (stored.error.reason !== 'stored-malformed') return refuse(call, tokenProblem(stored.error));
    unreadable.push({ id: names[index] ?? '', reason: stored.error.detail });
  }
  const cursor = await room.cursors.make('tokens', isLast ? null : (names.at(-1) ?? null));
  const bad = unreadable.length === 0 ? {} : { unreadable };
  return answerJson<typeof tokenPage>({ items, ...bad, cursor });
}

async function putToken(room: AccessRoom, call: Call): Promise<Response> {
  const name = nameIn(call);
  if (!name.ok) return refuse(call, name.error);
  const bytes = await apiBody(room.platform, call.req.raw, BODY_LIMIT);
  const body = bytes.ok ? apiObject(bytes.value) : bytes;
  if (!body.ok) return refuse(call, body.error);
  const asked = checkShape(tokenWish, body.value);
  if (!asked.ok) return refuse(call, shapeProblem(asked.error));
  const { may, prefix, expiresIn } = asked.value;
  const wanted = { name: name.value, may, prefix, expiresIn, createdBy: call.var.caller.who };
  const made = await makeToken(room, wanted, preconditionOf(call.req.raw.headers));
  if (!made.ok) return refuse(call, tokenProblem(made.error));
  const { record, token, etag } = made.value;
  call.set('change', { before: String(record.generation - 1), after: String(record.generation) });
  const told = room.isDry ? null : token;
  const headers: Record<string, string> = room.isDry ? {} : { etag: entityTag(etag) };
  return answerJson<typeof tokenMade>({ ...view(record), token: told, dryRun: room.isDry }, 200, headers);
}

/** Names each field, so that the hash and the signature stay private. */
const view = ({ name, may, prefix, createdAt, createdBy, expiresAt }: TokenRecord) => ({
  ...{ name, may, prefix: prefix ?? null, createdAt, createdBy, expiresAt },
});

function nameIn(call: Call): Result<string, Problem> {
  const params = checkShape(tokenParams, call.req.param());
  return params.ok ? ok(params.value.name) : err(shapeProblem(params.error));
}

const UNKNOWN: Problem = { code: 'not-found', detail: 'there is no such token' };
const NO_CURSOR: Problem = fieldProblem([
  { field: 'cursor', message: 'is not one that this call gave: take the cursor of the page before' },
]);

function tokenProblem(fault: TokenFault): Problem {
  if (isStoreFault(fault)) {
    const cause = 'cause' in fault ? { cause: fault.cause } : {};
    return { code: 'unavailable', detail: storeProblemText(fault), headers: { 'retry-after': '5' }, ...cause };
  }
  if (fault.reason === 'no-secret')
    return { code: 'unavailable', detail: 'no secret is set under which tokens can be made; set STORAGE_KEY' };
  if (fault.reason === 'unknown-token') return UNKNOWN;
  if (fault.reason === 'precondition')
    return { code: 'precondition-failed', detail: `${fault.is}; nothing was changed` };
  return { code: 'conflict', detail: 'somebody else wrote this at the same time; nothing was changed' };
}
