/** Finds out who makes a call: the operator, a token, or a person who comes through Cloudflare Access. */

import type { Problem } from '../shared/problem.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { storeProblemText } from '../shared/store.ts';
import { isOperator, tokenIn } from './operator.ts';
import { type Caller, OPERATOR } from './scopes.ts';
import type { Team } from './team.ts';
import { callerOf, type TokenPorts } from './tokens.ts';

export interface AccessPorts extends TokenPorts {
  readonly operatorTokens: readonly string[];
  /** `undefined` where no Access team is configured. */
  readonly team: Team | undefined;
}

const nobody = (detail: string): Problem => ({
  code: 'unauthorized',
  detail,
  headers: { 'www-authenticate': 'Bearer' },
});

const HOW = 'send Authorization: Bearer followed by an operator token or a token of /api/tokens';

/** Returns the caller of a request, or a 401. A header `Authorization` decides, whatever Access says beside it. */
export async function identify(ports: AccessPorts, request: Request): Promise<Result<Caller, Problem>> {
  const header = request.headers.get('authorization');
  if (header !== null) return await byToken(ports, header);
  const assertion = request.headers.get('cf-access-jwt-assertion');
  if (assertion === null || ports.team === undefined) return err(nobody(`no token was sent: ${HOW}`));
  // A browser sends the cookie of Access along, whoever asks it to. So another site could make it write.
  if (!isOwnPage(request)) return err(nobody('the request comes from another site'));
  const person = await ports.team.caller(assertion);
  if (person.ok) return person;
  if (person.error.reason === 'not-proven') return err(nobody(`the Access token is refused: ${person.error.detail}`));
  const { detail, cause } = person.error;
  return err({ code: 'unavailable', detail, cause, headers: { 'retry-after': '5' } });
}

async function byToken(ports: AccessPorts, header: string): Promise<Result<Caller, Problem>> {
  const token = tokenIn(header);
  if (token === undefined) return err(nobody(`the Authorization header is no Bearer token: ${HOW}`));
  if (await isOperator(token, ports.operatorTokens)) return ok(OPERATOR);
  const caller = await callerOf(ports, token);
  if (!caller.ok)
    return err({ code: 'unavailable', detail: storeProblemText(caller.error), headers: { 'retry-after': '5' } });
  return caller.value === undefined ? err(nobody('this token is unknown, or it has ended')) : ok(caller.value);
}

/** GET and HEAD change nothing, and the browser shows their answers to no other site. */
function isOwnPage(request: Request): boolean {
  if (request.method === 'GET' || request.method === 'HEAD') return true;
  const site = request.headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin' || site === 'none';
  const origin = request.headers.get('origin');
  return origin === null || origin === new URL(request.url).origin;
}
