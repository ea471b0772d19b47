/**
 * Answers requests for release files. It parses the path, finds the release of an alias, and serves the file from R2 if
 * a manifest names it, otherwise from upstream.
 */

import { causeFields } from '../../shared/cause.ts';
import { CACHE } from '../../shared/http/cache.ts';
import type { LogEvent } from '../../shared/log.ts';
import type { Platform } from '../../shared/platform.ts';
import { methodNotAllowed, type Problem, problemLine } from '../../shared/problem.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { Catalogue } from '../catalogue.ts';
import { isMade, signatureOf } from '../companions.ts';
import { decideDelivery, type Presentation, passThroughCaching } from '../delivery.ts';
import { contentTypeOf, filePath, isAliasName, type ReleaseFile } from '../model.ts';
import type { MirroredProofs } from '../pass-through/mirrored-proof.ts';
import type { PassThrough } from '../pass-through/pass-through.ts';
import type { UnprovenStreams } from '../pass-through/unproven.ts';
import { channelOfHost, parseReleasePath, type ReleasePath, rawPath } from '../path.ts';
import type { ReleaseStore } from '../store/bucket.ts';
import type { ServedVersionFile, VersionFiles } from '../upstream/version-files.ts';
import { type CurrentRelease, currentRelease } from './current.ts';
import { listDirectory, listingResponse } from './directories.ts';
import type { MirroredAnswer, MirroredFiles } from './mirrored.ts';
import { NOT_FOUND, type ReleaseFault, releaseProblem } from './problems.ts';
import { respond } from './respond.ts';

export interface ReleaseRoom {
  readonly platform: Platform;
  readonly catalogue: Catalogue;
  /** RELEASE_HOST_SUFFIX, or empty. */
  readonly hostSuffix: string;
  /** PUBLIC_URL; if it is empty, the origin of the request takes its place. */
  readonly publicUrl: string;
  readonly store: ReleaseStore;
  readonly versionFiles: VersionFiles;
  readonly mirrored: MirroredFiles;
  readonly passThrough: PassThrough;
  /** Follows what has left of a file before it was verified. */
  readonly unproven: Pick<UnprovenStreams, 'mayHoldOthers'>;
  /** Makes the digests of mirrored files, with which that can be compared. */
  readonly proofs: MirroredProofs;
  /** Is called when a client downloads a whole file that is not mirrored. It returns a code for the log. */
  readonly onDemand: (file: ReleaseFile) => Promise<string>;
}

/** A request and its event in the log. */
export interface Exchange {
  readonly request: Request;
  readonly log: LogEvent;
}

interface RequestedFile {
  readonly file: ReleaseFile;
  /** The Content-Location of a request below an alias; it has no channel where the host name contains the channel. */
  readonly location: string | undefined;
}

/** Unproven bytes count for a day; nobody has any of them once a file has been mirrored for longer than that. */
const RECENT_MS = 25 * 3_600_000;

type FilePath = ReleasePath & { kind: 'file' };

/**
 * Answers every request that no other room answers. A path that belongs to no release is a 404 without any call to the
 * store or to upstream.
 */
export async function answerRelease(room: ReleaseRoom, exchange: Exchange): Promise<Response> {
  const { request } = exchange;
  const { catalogue, hostSuffix } = room;
  const hostChannel = channelOfHost(new URL(request.url).host, catalogue, hostSuffix);
  const prefix = hostChannel === undefined ? '' : `/${hostChannel}`;
  const path = parseReleasePath(`${prefix}${rawPath(request.url)}`, catalogue);
  if (path === undefined) return problemLine(NOT_FOUND, request.method);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return problemLine(methodNotAllowed('GET, HEAD'), request.method);
  }
  exchange.log.set({ channel: path.channel, board: path.board, version: path.version });
  const answer =
    path.kind !== 'file' ? await answerDirectory(room, path, exchange) : await answerFile(room, path, prefix, exchange);
  return answer.ok ? answer.value : problemLine(answer.error, request.method);
}

async function answerFile(
  room: ReleaseRoom,
  path: FilePath,
  prefix: string,
  exchange: Exchange,
): Promise<Result<Response, Problem>> {
  const { channel, board, version, file } = path;
  if (!isAliasName(version))
    return await answerNumbered(room, { file: { channel, board, version, file }, location: undefined }, exchange);
  const { store, versionFiles, catalogue } = room;
  const current = await currentRelease(store, versionFiles, catalogue, path, version);
  if (!current.ok) return refused(exchange, current.error);
  exchange.log.set({ version: current.value.version, staleReason: current.value.versionFile?.staleReason });
  const numbered = { channel, board, version: current.value.version, file };
  const requested = { file: numbered, location: filePath(numbered).slice(prefix.length) };
  const whole = withoutMixture(current.value, exchange, room.platform.now());
  if (!whole.ok) return refused(exchange, whole.error);
  const verified = verifiedBytes(current.value, file);
  if (verified === undefined) return await answerNumbered(room, requested, whole.value);
  // This call fails for a quarantined release, of which nothing is served.
  const manifest = await room.mirrored.manifest(numbered);
  if (!manifest.ok) return refused(exchange, manifest.error);
  return ok(answerVersionFile(room, requested, verified, whole.value));
}

/**
 * Below an alias, a client may hold the beginning of a file of the release that the alias named before. For a day after a
 * move a part would make a mixture, so it is refused; with If-Range the whole comes, whatever the tag: upstream chose the
 * tag of what the client holds.
 */
function withoutMixture({ movedAt }: CurrentRelease, exchange: Exchange, now: number): Result<Exchange, ReleaseFault> {
  const { request } = exchange;
  const isPart = request.method === 'GET' && request.headers.has('range');
  if (!isPart || movedAt === undefined || now - Date.parse(movedAt) >= RECENT_MS) return ok(exchange);
  const safe = withoutJoin(request);
  return safe.ok ? ok({ ...exchange, request: safe.value }) : safe;
}

/**
 * Returns what may be answered where a client may hold other bytes than those of the file. A request for all of it, and for its first
 * byte, which importers ask for to learn the size, joins nothing to what somebody holds. With If-Range the whole may come.
 */
function withoutJoin(request: Request): Result<Request, ReleaseFault> {
  const range = (request.headers.get('range') ?? '').replaceAll(' ', '').toLowerCase();
  if (range === 'bytes=0-0' && !request.headers.has('if-range')) return ok(request);
  if (range === 'bytes=0-' || request.headers.has('if-range')) return ok(withoutRange(request));
  return err({ reason: 'restart-needed' });
}

async function answerNumbered(
  room: ReleaseRoom,
  requested: RequestedFile,
  exchange: Exchange,
): Promise<Result<Response, Problem>> {
  const { file } = requested;
  const mirrored = await answerMirrored(room, requested, exchange.request);
  if (!mirrored.ok) return refused(exchange, mirrored.error);
  if (mirrored.value !== undefined) {
    const { delivery, body, cache } = mirrored.value;
    exchange.log.set({ source: 'mirror', cache });
    if (cache !== undefined && delivery.kind === 'whole') delivery.headers.set('x-flatcar-cache', cache);
    return ok(respond(delivery, body, exchange));
  }
  exchange.log.set({ source: 'upstream' });
  if (file.file === 'version.txt') {
    const found = await room.versionFiles.get(file, file.version, null);
    if (!found.ok) return refused(exchange, found.error);
    return ok(answerVersionFile(room, requested, { served: found.value, bytes: found.value.bytes }, exchange));
  }
  // Upstream has no such file, and what somebody else put there would be unproved.
  if (isMade(file.file)) return err(NOT_FOUND);
  return await answerPassThrough(room, requested, exchange);
}

/**
 * Returns the answer from R2. A release that was published a moment ago may have passed through before: where a client may
 * hold other bytes than those of the mirrored file, it gets no part that would complete them.
 */
async function answerMirrored(
  room: ReleaseRoom,
  { file, location }: RequestedFile,
  request: Request,
): Promise<Result<MirroredAnswer | undefined, ReleaseFault>> {
  const { mirrored, platform, unproven } = room;
  if (request.method === 'GET' && request.headers.has('range')) {
    const manifest = await mirrored.manifest(file);
    if (!manifest.ok) return manifest;
    const { files = {}, publishedAt = '' } = manifest.value ?? {};
    const entry = Object.hasOwn(files, file.file) ? files[file.file] : undefined;
    const addedAt = entry === undefined ? 0 : Date.parse(entry.addedAt ?? publishedAt);
    const mayHold = platform.now() - addedAt < RECENT_MS ? await unproven.mayHoldOthers(file, addedAt) : ok(false);
    if (!mayHold.ok) return mayHold;
    // Upstream knows every tag that a mirrored file has, so a tag proves nothing here.
    const safe = mayHold.value ? withoutJoin(request) : ok(request);
    return safe.ok ? await mirrored.answer(safe.value, file, location) : safe;
  }
  return await mirrored.answer(request, file, location);
}

function withoutRange(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.delete('range');
  return new Request(request, { headers });
}

async function answerPassThrough(
  room: ReleaseRoom,
  requested: RequestedFile,
  exchange: Exchange,
): Promise<Result<Response, Problem>> {
  const { log } = exchange;
  const { method, headers } = exchange.request;
  const presentation = presentationOf(requested);
  const answer = await room.passThrough.answer({ method, headers, file: requested.file, presentation });
  if (!answer.ok) return refused(exchange, answer.error);
  const { delivery, body } = answer.value;
  if (body !== undefined) log.waitFor(body.outcome.then((outcome) => log.set({ outcome })));
  if (body !== undefined && delivery.kind === 'whole') {
    log.waitFor(room.onDemand(requested.file).then((demand) => log.set({ demand })));
  }
  return ok(respond(delivery, body?.stream, exchange));
}

/** The bytes of a verified version.txt, or those of its signature. */
interface VerifiedBytes {
  readonly served: ServedVersionFile;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The version.txt of an alias and its signature come from one verified fetch. With two fetches the alias could move in
 * between, and the signature would not belong to the text.
 */
function verifiedBytes({ versionFile }: CurrentRelease, file: string): VerifiedBytes | undefined {
  if (versionFile === undefined) return undefined;
  if (file === 'version.txt') return { served: versionFile, bytes: versionFile.bytes };
  if (file === signatureOf('version.txt')) return { served: versionFile, bytes: new Uint8Array(versionFile.signature) };
  return undefined;
}

function answerVersionFile(
  room: ReleaseRoom,
  requested: RequestedFile,
  { served, bytes }: VerifiedBytes,
  exchange: Exchange,
): Response {
  const { facts } = served;
  // The entity tag of the signature itself is not kept. The tag of its text, with an ending, is just as unique.
  const isText = requested.file.file === 'version.txt';
  const ownFacts = isText ? facts : { ...facts, size: bytes.length, etag: `${facts.etag.slice(0, -1)}.sig"` };
  const presentation = presentationOf(requested);
  const stale = served.staleReason === undefined ? {} : { 'x-flatcar-stale': served.staleReason };
  const headers = { ...presentation.headers, 'x-flatcar-signed-by': served.signedBy, ...stale };
  exchange.log.set({ source: 'upstream' });
  const delivery = decideDelivery(exchange.request, ownFacts, { ...presentation, headers }, room.platform.now());
  return respond(
    delivery,
    delivery.kind === 'part' ? bytes.subarray(delivery.start, delivery.end + 1) : bytes,
    exchange,
  );
}

function presentationOf({ file, location }: RequestedFile): Presentation {
  const alias = location === undefined ? {} : { 'content-location': location };
  return {
    contentType: contentTypeOf(file.file),
    ...passThroughCaching(location !== undefined),
    headers: { 'x-flatcar-version': file.version, 'x-flatcar-source': 'upstream', ...alias },
  };
}

/** A path without the slash at its end is redirected to the path with it. */
async function answerDirectory(
  room: ReleaseRoom,
  directory: Exclude<ReleasePath, { kind: 'file' }>,
  exchange: Exchange,
): Promise<Result<Response, Problem>> {
  const path = rawPath(exchange.request.url);
  if (!directory.slashed) {
    return ok(new Response(null, { status: 308, headers: { location: `${path}/`, 'cache-control': CACHE.never } }));
  }
  const entries = await listDirectory(room, directory);
  if (!entries.ok) return refused(exchange, entries.error);
  return entries.value === undefined ? err(NOT_FOUND) : ok(listingResponse(path, entries.value, exchange.request));
}

/** Logs a fault and returns the problem that the client sees. */
function refused({ log }: Exchange, fault: ReleaseFault): { ok: false; error: Problem } {
  log.set({ reason: fault.reason, verdict: 'verdict' in fault ? fault.verdict : undefined, ...causeFields(fault) });
  return err(releaseProblem(fault));
}
