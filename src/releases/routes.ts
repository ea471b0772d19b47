/** Release files over HTTP: path -> alias -> manifest or pass-through -> delivery -> answer. */
import type { Config } from '../shared/config.ts';
import { CACHE } from '../shared/http/cache.ts';
import type { LogEvent } from '../shared/log.ts';
import type { Background, Platform } from '../shared/platform.ts';
import { methodNotAllowed, type Problem, problemLine } from '../shared/problem.ts';
import { ok, type Result } from '../shared/result.ts';
import type { ReleaseStore } from './bucket.ts';
import { type CurrentRelease, currentRelease } from './current.ts';
import { type Delivery, decideDelivery, type Presentation, passThroughCaching } from './delivery.ts';
import type { MirroredFiles } from './mirrored.ts';
import { contentTypeOf, filePath, isAlias, type ReleaseFile } from './model.ts';
import type { PassThrough } from './pass-through.ts';
import { parseReleasePath, pathOnHost, type ReleasePath, rawPath } from './path.ts';
import { NOT_FOUND, releaseProblem } from './problems.ts';
import type { ServedVersionFile, VersionFiles } from './version-files.ts';

export interface ReleaseRoom {
  readonly platform: Platform;
  readonly config: Config;
  readonly store: ReleaseStore;
  readonly versionFiles: VersionFiles;
  readonly mirrored: MirroredFiles;
  readonly passThrough: PassThrough;
}

interface Asked {
  readonly request: Request;
  readonly log: LogEvent;
  readonly background: Background;
}

type FilePath = ReleasePath & { kind: 'file' };

/** Answers every path that no other room owns; what is not a release path is 404 before any store or upstream is asked. */
export async function answerRelease(room: ReleaseRoom, asked: Asked): Promise<Response> {
  const { request } = asked;
  const { CHANNELS: channels, BOARDS: boards, RELEASE_HOST_SUFFIX: hostSuffix } = room.config;
  const rules = { channels, boards, hostSuffix };
  const path = pathOnHost(rawPath(request.url), new URL(request.url).host, rules);
  const asksFor = parseReleasePath(path, rules);
  if (asksFor === undefined) return problemLine(NOT_FOUND, request.method);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return problemLine(methodNotAllowed('GET, HEAD'), request.method);
  }
  asked.log.set({ channel: asksFor.channel, board: asksFor.board, version: asksFor.version });
  if (asksFor.kind === 'directory') return answerDirectory(asksFor, request);
  const answer = await answerFile(room, asksFor, asked);
  return answer.ok ? answer.value : problemLine(answer.error, request.method);
}

async function answerFile(room: ReleaseRoom, asksFor: FilePath, asked: Asked): Promise<Result<Response, Problem>> {
  const { channel, board, version, file } = asksFor;
  if (!isAlias(version)) return await answerNumbered(room, { channel, board, version, file }, false, asked);
  const { store, versionFiles, config } = room;
  const current = await currentRelease(store, versionFiles, config.MIRROR, asksFor, version, asked.background);
  if (!current.ok) return faulty(asked, current.error);
  asked.log.set({ version: current.value.version, staleReason: current.value.versionFile?.staleReason });
  const numbered = { channel, board, version: current.value.version, file };
  const pair = pairMember(current.value, file);
  if (pair !== undefined) return ok(await answerVersionFile(room, numbered, pair, true, asked));
  return await answerNumbered(room, numbered, true, asked);
}

async function answerNumbered(
  room: ReleaseRoom,
  file: ReleaseFile,
  underAlias: boolean,
  asked: Asked,
): Promise<Result<Response, Problem>> {
  const mirrored = await room.mirrored.answer(asked.request, file, underAlias);
  if (!mirrored.ok) return faulty(asked, mirrored.error);
  if (mirrored.value !== undefined) {
    asked.log.set({ source: 'mirror' });
    return ok(respond(mirrored.value.delivery, mirrored.value.body, asked));
  }
  asked.log.set({ source: 'upstream' });
  if (file.file === 'version.txt') {
    const found = await room.versionFiles.get(file, file.version, null, asked.background);
    if (!found.ok) return faulty(asked, found.error);
    return ok(
      await answerVersionFile(room, file, { served: found.value, bytes: found.value.bytes }, underAlias, asked),
    );
  }
  const { method, headers } = asked.request;
  const presentation = presentationOf(file, underAlias);
  const answer = await room.passThrough.answer({ method, headers, file, presentation, background: asked.background });
  if (!answer.ok) return faulty(asked, answer.error);
  const { delivery, body } = answer.value;
  if (body !== undefined) asked.log.waitFor(body.outcome.then((outcome) => asked.log.set({ outcome })));
  return ok(respond(delivery, body?.stream, asked));
}

interface PairMember {
  readonly served: ServedVersionFile;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** version.txt of an alias and its signature come from one verified fetch, or `current` could move between the two. */
function pairMember({ versionFile }: CurrentRelease, file: string): PairMember | undefined {
  if (versionFile === undefined) return undefined;
  if (file === 'version.txt') return { served: versionFile, bytes: versionFile.bytes };
  if (file === 'version.txt.sig') return { served: versionFile, bytes: new Uint8Array(versionFile.signature) };
  return undefined;
}

async function answerVersionFile(
  room: ReleaseRoom,
  file: ReleaseFile,
  { served, bytes }: PairMember,
  underAlias: boolean,
  asked: Asked,
): Promise<Response> {
  const isText = file.file === 'version.txt';
  const facts = isText
    ? served.facts
    : { size: bytes.length, etag: sigTag(served), lastModified: served.facts.lastModified };
  const plain = presentationOf(file, underAlias);
  const stale = served.staleReason === undefined ? {} : { 'x-flatcar-stale': served.staleReason };
  const headers = { ...plain.headers, 'x-flatcar-signed-by': served.signedBy, ...stale };
  asked.log.set({ source: 'upstream', bytes: bytes.length });
  const delivery = decideDelivery(asked.request, facts, { ...plain, headers }, room.platform.now());
  const part = delivery.kind === 'part' ? bytes.subarray(delivery.start, delivery.end + 1) : bytes;
  return respond(delivery, part, asked);
}

/** The signature has no tag of its own in hand; the text it belongs to names it well enough. */
const sigTag = ({ facts }: ServedVersionFile): string => `${facts.etag.slice(0, -1)}.sig"`;

function presentationOf(file: ReleaseFile, underAlias: boolean): Presentation {
  const location: Record<string, string> = underAlias ? { 'content-location': filePath(file) } : {};
  return {
    contentType: contentTypeOf(file.file),
    ...passThroughCaching(underAlias),
    headers: { 'x-flatcar-version': file.version, 'x-flatcar-source': 'upstream', ...location },
  };
}

function respond(delivery: Delivery, body: BodyInit | undefined, { request, log }: Asked): Response {
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

/** A directory without its slash moves there; listings come from what publish wrote. */
function answerDirectory({ slashed }: { readonly slashed: boolean }, request: Request): Response {
  if (slashed) return problemLine(NOT_FOUND, request.method);
  const location = `${rawPath(request.url)}/`;
  return new Response(null, { status: 308, headers: { location, 'cache-control': CACHE.never } });
}

function faulty({ log }: Asked, fault: Parameters<typeof releaseProblem>[0]): { ok: false; error: Problem } {
  log.set({ reason: fault.reason });
  return { ok: false, error: releaseProblem(fault) };
}
