/** Answers with a file as it was decided (`decideDelivery`). */
import type { LogEvent } from '../../shared/log.ts';
import { problemLine } from '../../shared/problem.ts';
import type { Delivery } from '../delivery.ts';

/** Returns the response; the log learns how many bytes it has. */
export function respond(
  delivery: Delivery,
  body: BodyInit | undefined,
  { request, log }: { readonly request: Request; readonly log: LogEvent },
): Response {
  const { method } = request;
  if (delivery.kind === 'precondition-failed') {
    return problemLine({ code: 'precondition-failed', detail: 'precondition failed' }, method);
  }
  if (delivery.kind === 'unsatisfiable') {
    const headers = { 'content-range': `bytes */${delivery.size}` };
    return problemLine({ code: 'range-not-satisfiable', detail: 'range not satisfiable', headers }, method);
  }
  log.set({ bytes: Number(delivery.headers.get('content-length') ?? 0) });
  const hasBody = delivery.kind !== 'not-modified' && method === 'GET';
  return new Response(hasBody ? (body ?? null) : null, { status: delivery.status, headers: delivery.headers });
}
