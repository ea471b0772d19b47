/** Release files over HTTP: path -> alias -> manifest or pass-through -> delivery -> answer. */

import { causeFields } from '../../shared/cause.ts';
import { CACHE } from '../../shared/http/cache.ts';
import type { LogEvent } from '../../shared/log.ts';
import type { Platform } from '../../shared/platform.ts';
import { methodNotAllowed, type Problem, problemLine } from '../../shared/problem.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { Catalogue } from '../catalogue.ts';
import { signatureOf } from '../companions.ts';
import { type Delivery, decideDelivery, type Presentation, passThroughCaching } from '../delivery.ts';
import { contentTypeOf, filePath, isAlias, type ReleaseFile } from '../model.ts';
import type { PassThrough } from '../pass-through/pass-through.ts';
import { channelOfHost, parseReleasePath, type ReleasePath, rawPath } from '../path.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import type { ServedVersionFile, VersionFiles } from '../upstream/version-files.ts';
import { type CurrentRelease, currentRelease } from './current.ts';
import { listDirectory, listingResponse } from './directories.ts';
import type { MirroredFiles } from './mirrored.ts';
import { NOT_FOUND, type ReleaseFault, releaseProblem } from './problems.ts';

export interface ReleaseRoom {
  readonly platform: Platform;
  readonly catalogue: Catalogue;
  /** RELEASE_HOST_SUFFIX, or empty. */
  readonly hostSuffix: string;
  /** PUBLIC_URL, or empty: then the request's own. */
  readonly publicUrl: string;
  readonly store: ReleaseStore;
  readonly versionFiles: VersionFiles;
  readonly mirrored: MirroredFiles;
  readonly passThrough: PassThrough;
  /** A stranger downloads a whole file that is not mirrored: whoever mirrors may want to know. */
  readonly onDemand: (file: ReleaseFile) => Promise<string>;
}

/** A request, and the event that it is told by. */
export interface Exchange {
  readonly request: Request;
  readonly log: LogEvent;
}

/** A file as the client named it: Content-Location is there for aliases, and as the host has it. */
interface NamedFile {
  readonly file: ReleaseFile;
  readonly location: string | undefined;
}

type FilePath = ReleasePath & { kind: 'file' };

/** Answers every path that no other room owns; what is not a release path is 404 before any store or upstream is asked. */
export async function answerRelease(room: ReleaseRoom, exchange: Exchange): Promise<Response> {
  const { request } = exchange;
  const { catalogue, hostSuffix } = room;
  const hostChannel = channelOfHost(new URL(request.url).host, catalogue, hostSuffix);
  const prefix = hostChannel === undefined ? '' : `/${hostChannel}`;
  const asksFor = parseReleasePath(`${prefix}${rawPath(request.url)}`, catalogue);
  if (asksFor === undefined) return problemLine(NOT_FOUND, request.method);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return problemLine(methodNotAllowed('GET, HEAD'), request.method);
  }
  exchange.log.set({ channel: asksFor.channel, board: asksFor.board, version: asksFor.version });
  const answer =
    asksFor.kind === 'directory'
      ? await answerDirectory(room, asksFor, exchange)
      : await answerFile(room, asksFor, prefix, exchange);
  return answer.ok ? answer.value : problemLine(answer.error, request.method);
}

async function answerFile(
  room: ReleaseRoom,
  asksFor: FilePath,
  prefix: string,
  exchange: Exchange,
): Promise<Result<Response, Problem>> {
  const { channel, board, version, file } = asksFor;
  if (!isAlias(version))
    return await answerNumbered(room, { file: { channel, board, version, file }, location: undefined }, exchange);
  const { store, versionFiles, catalogue } = room;
  const current = await currentRelease(store, versionFiles, catalogue, asksFor, version);
  if (!current.ok) return faulty(exchange, current.error);
  exchange.log.set({ version: current.value.version, staleReason: current.value.versionFile?.staleReason });
  const numbered = { channel, board, version: current.value.version, file };
  const named = { file: numbered, location: filePath(numbered).slice(prefix.length) };
  const pair = pairMember(current.value, file);
  if (pair === undefined) return await answerNumbered(room, named, exchange);
  const standing = await room.mirrored.manifest(numbered);
  if (!standing.ok) return faulty(exchange, standing.error);
  return ok(answerVersionFile(room, named, pair, exchange));
}

async function answerNumbered(
  room: ReleaseRoom,
  named: NamedFile,
  exchange: Exchange,
): Promise<Result<Response, Problem>> {
  const { file } = named;
  const mirrored = await room.mirrored.answer(exchange.request, file, named.location);
  if (!mirrored.ok) return faulty(exchange, mirrored.error);
  if (mirrored.value !== undefined) {
    const { delivery, body, cache } = mirrored.value;
    exchange.log.set({ source: 'mirror', cache });
    if (cache !== undefined && delivery.kind === 'whole') delivery.headers.set('x-flatcar-cache', cache);
    return ok(respond(delivery, body, exchange));
  }
  exchange.log.set({ source: 'upstream' });
  if (file.file === 'version.txt') {
    const found = await room.versionFiles.get(file, file.version, null);
    if (!found.ok) return faulty(exchange, found.error);
    return ok(answerVersionFile(room, named, { served: found.value, bytes: found.value.bytes }, exchange));
  }
  return await answerPassThrough(room, named, exchange);
}

async function answerPassThrough(
  room: ReleaseRoom,
  named: NamedFile,
  exchange: Exchange,
): Promise<Result<Response, Problem>> {
  const { log } = exchange;
  const { method, headers } = exchange.request;
  const presentation = presentationOf(named);
  const answer = await room.passThrough.answer({ method, headers, file: named.file, presentation });
  if (!answer.ok) return faulty(exchange, answer.error);
  const { delivery, body } = answer.value;
  if (body !== undefined) log.waitFor(body.outcome.then((outcome) => log.set({ outcome })));
  if (body !== undefined && delivery.kind === 'whole') {
    log.waitFor(room.onDemand(named.file).then((demand) => log.set({ demand })));
  }
  return ok(respond(delivery, body?.stream, exchange));
}

interface PairMember {
  readonly served: ServedVersionFile;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** version.txt of an alias and its signature come from one verified fetch, or `current` could move between the two. */
function pairMember({ versionFile }: CurrentRelease, file: string): PairMember | undefined {
  if (versionFile === undefined) return undefined;
  if (file === 'version.txt') return { served: versionFile, bytes: versionFile.bytes };
  if (file === signatureOf('version.txt')) return { served: versionFile, bytes: new Uint8Array(versionFile.signature) };
  return undefined;
}

function answerVersionFile(
  room: ReleaseRoom,
  named: NamedFile,
  { served, bytes }: PairMember,
  exchange: Exchange,
): Response {
  const { facts } = served;
  // The signature's own tag is not in hand; the text it belongs to names it well enough.
  const isText = named.file.file === 'version.txt';
  const shown = isText ? facts : { ...facts, size: bytes.length, etag: `${facts.etag.slice(0, -1)}.sig"` };
  const plain = presentationOf(named);
  const stale = served.staleReason === undefined ? {} : { 'x-flatcar-stale': served.staleReason };
  const headers = { ...plain.headers, 'x-flatcar-signed-by': served.signedBy, ...stale };
  exchange.log.set({ source: 'upstream' });
  const delivery = decideDelivery(exchange.request, shown, { ...plain, headers }, room.platform.now());
  return respond(
    delivery,
    delivery.kind === 'part' ? bytes.subarray(delivery.start, delivery.end + 1) : bytes,
    exchange,
  );
}

function presentationOf({ file, location }: NamedFile): Presentation {
  const alias = location === undefined ? {} : { 'content-location': location };
  return {
    contentType: contentTypeOf(file.file),
    ...passThroughCaching(location !== undefined),
    headers: { 'x-flatcar-version': file.version, 'x-flatcar-source': 'upstream', ...alias },
  };
}

function respond(delivery: Delivery, body: BodyInit | undefined, { request, log }: Exchange): Response {
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

/** A directory without its slash moves there. */
async function answerDirectory(
  room: ReleaseRoom,
  asksFor: ReleasePath & { kind: 'directory' },
  exchange: Exchange,
): Promise<Result<Response, Problem>> {
  const path = rawPath(exchange.request.url);
  if (!asksFor.slashed) {
    return ok(new Response(null, { status: 308, headers: { location: `${path}/`, 'cache-control': CACHE.never } }));
  }
  const entries = await listDirectory(room, asksFor);
  if (!entries.ok) return faulty(exchange, entries.error);
  return entries.value === undefined ? err(NOT_FOUND) : ok(listingResponse(path, entries.value, exchange.request));
}

function faulty({ log }: Exchange, fault: ReleaseFault): { ok: false; error: Problem } {
  log.set({ reason: fault.reason, verdict: 'verdict' in fault ? fault.verdict : undefined, ...causeFields(fault) });
  return err(releaseProblem(fault));
}
