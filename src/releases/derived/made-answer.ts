/** Answers with a text that is made when it is asked for, with an entity tag of its content. */
import { sha256Hex } from '../../shared/bytes.ts';
import { causeFields } from '../../shared/cause.ts';
import { CACHE } from '../../shared/http/cache.ts';
import type { Call } from '../../shared/http/call.ts';
import { evaluatePreconditions } from '../../shared/http/conditional.ts';
import { entityTag } from '../../shared/http/precondition.ts';
import { type Problem, problemLine } from '../../shared/problem.ts';
import type { Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { releaseProblem } from '../serve/problems.ts';
import type { ReleaseRoom } from '../serve/routes.ts';

const NOTHING_HERE: Problem = { code: 'not-found', detail: 'nothing that it would name is mirrored here' };

/** Returns the text with its tag, 304 or 412 by the conditions of the request, 404 for an empty text or object, 503 for a fault. */
export async function answerMade(
  { platform }: Pick<ReleaseRoom, 'platform'>,
  { req: { raw: request }, var: { log } }: Call,
  made: Result<string, StoreFault>,
  contentType: string,
): Promise<Response> {
  if (!made.ok) {
    log.set({ reason: made.error.reason, ...causeFields(made.error) });
    return problemLine(releaseProblem(made.error), request.method);
  }
  // An empty file would say that there is no such release; nothing of that is known here.
  if (made.value === '' || made.value === '{}') return problemLine(NOTHING_HERE, request.method);
  const bytes = new Uint8Array(new TextEncoder().encode(made.value));
  const etag = entityTag((await sha256Hex(bytes)).slice(0, 32));
  const headers = { etag, 'cache-control': CACHE.alias, 'access-control-allow-origin': '*' };
  const outcome = evaluatePreconditions(request.headers, { etag }, platform.now());
  if (outcome === 'not-modified') return new Response(null, { status: 304, headers });
  if (outcome === 'failed')
    return problemLine({ code: 'precondition-failed', detail: 'precondition failed' }, request.method);
  return new Response(request.method === 'HEAD' ? null : bytes, {
    headers: { ...headers, 'content-type': contentType },
  });
}
