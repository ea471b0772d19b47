/** Answers requests below `/boot/{capability}/metadata/`, which clouds' own clients make through a link-local proxy. */
import { CACHE } from '../../shared/http/cache.ts';
import { methodNotAllowed, type Problem, problemLine } from '../../shared/problem.ts';
import type { Wanted } from './boot.ts';
import { metadataWanted } from './metadata.ts';
import type { BootContext, BootRoom } from './routes-boot.ts';

type AnswerWanted = (room: BootRoom, context: BootContext, capability: string, wanted: Wanted) => Promise<Response>;

const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';

/**
 * Behind a link-local address most of Ignition's providers take 404 for "there is no config" and boot without one. So 404 is only
 * for what a good capability proves to be unset, and a capability that cannot be read is 503: its secret may have been lost.
 */
export const UNREADABLE: Problem = {
  code: 'unavailable',
  detail: 'this boot URL cannot be read here: look at the prefix of the proxy',
};
const UNKNOWN: Problem = {
  code: 'unavailable',
  detail: 'no cloud asks for this path: look at the prefix of the proxy',
};

/** True for a path of the metadata service, whatever its capability is; a proxy that has lost it leaves it out. */
export const isMetadata = (path: string): boolean =>
  /^\/boot\/(?:[^/]*\/)?metadata(?:\/|$)/i.test(path.includes('%') ? decoded(path) : path);

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Answers a request of the metadata service. `answerWanted` answers those for user data. */
export async function answerMetadata(
  room: BootRoom,
  context: BootContext,
  answerWanted: AnswerWanted,
): Promise<Response> {
  const { method, headers } = context.request;
  const [, , capability = '', , ...rest] = context.path.split('/');
  const isReadable = (await room.capabilities.read(capability)) !== undefined;
  context.log.set({ boot: 'metadata' });
  // No client escapes anything of such a path, and one URL must have one spelling.
  if (!isReadable || context.path.includes('%')) return problemLine(UNREADABLE, method);
  const path = rest.join('/');
  const wanted = metadataWanted(path, method);
  if (wanted === 'token') return tokenAnswer(headers.get(TTL));
  if (method !== 'GET' && method !== 'HEAD') return problemLine(methodNotAllowed('GET, HEAD'), method);
  if (wanted === undefined) return problemLine(UNKNOWN, method);
  const asked: Wanted = wanted === 'tree' ? { what: 'metadata', path } : { what: 'ignition' };
  return await answerWanted(room, context, capability, asked);
}

/** EC2 sends the lifetime back (docs.aws.amazon.com, instance metadata, IMDSv2). */
function tokenAnswer(ttl: string | null): Response {
  if (ttl === null || !/^\d{1,5}$/.test(ttl))
    return problemLine({ code: 'bad-request', detail: `${TTL} must be seconds` }, 'PUT');
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': CACHE.asItIs, [TTL]: ttl };
  return new Response('flatcar-edge', { headers });
}
