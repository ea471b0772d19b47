/** Serves the catalogues below `/sysext/`, as systemd-sysupdate reads them, and the operator's calls about them. */
import { Hono } from 'hono';
import { decideDelivery } from '../releases/delivery.ts';
import { listingResponse } from '../releases/serve/directories.ts';
import type { ListingEntry } from '../releases/serve/listing.ts';
import { releaseProblem } from '../releases/serve/problems.ts';
import { respond } from '../releases/serve/respond.ts';
import type { ReleaseStore } from '../releases/store/bucket.ts';
import { fromBase64, fromHex, sha256Hex, toBase64 } from '../shared/bytes.ts';
import { causeFields } from '../shared/cause.ts';
import { answerJson, checkShape } from '../shared/http/api.ts';
import { CACHE } from '../shared/http/cache.ts';
import { type App, type Call, refuse } from '../shared/http/call.ts';
import { methodNotAllowed, type Problem, problemLine } from '../shared/problem.ts';
import { type sysextList, sysextParams, type sysextView } from './call-shapes.ts';
import { noSysexts, type SysextRecord } from './record.ts';
import { type SysextPorts, startSysexts } from './run-sysexts.ts';
import type { SysextSource } from './sources.ts';

export interface SysextRoom extends SysextPorts {
  readonly releases: Pick<ReleaseStore, 'open'>;
  /** True where nothing that is written stays. */
  readonly isDry: boolean;
}

const NOT_HERE: Problem = { code: 'not-found', detail: 'not found' };

/** Returns the routes below `/sysext/`. */
export function sysextRoutes(room: SysextRoom): App {
  const app: App = new Hono();
  app.on(['GET', 'HEAD'], '/sysext/:name/:file?', (call) => answerFile(room, call));
  app.on(['GET', 'HEAD'], '/sysext/:name/', (call) => answerFile(room, call));
  app.on(['POST', 'PUT', 'PATCH', 'DELETE'], '/sysext/*', ({ req }) =>
    problemLine(methodNotAllowed('GET, HEAD'), req.method),
  );
  return app;
}

async function answerFile(room: SysextRoom, call: Call): Promise<Response> {
  const { raw: request, method } = call.req;
  const { log } = call.var;
  const [name = '', file = ''] = [call.req.param('name'), call.req.param('file')];
  const source = room.sources.find((one) => one.name === name);
  if (source === undefined) return problemLine(NOT_HERE, method);
  const stored = await room.records.record(name).read();
  if (!stored.ok) {
    log.set({ reason: stored.error.reason, ...causeFields(stored.error) });
    return problemLine(releaseProblem(stored.error), method);
  }
  const record = stored.value?.value;
  // A list that is empty would say that there are no extensions.
  if (record === undefined || record.sums === '') return problemLine(NOT_HERE, method);
  const { pathname } = new URL(request.url);
  if (file === '' && !pathname.endsWith('/'))
    return new Response(null, { status: 308, headers: { location: `${pathname}/`, 'cache-control': CACHE.never } });
  if (file === '') return listingResponse(pathname, entriesOf(name, record), request);
  const lists = new Map([
    ['SHA256SUMS', record.sums],
    ['SHA256SUMS.gpg', record.signature],
  ]);
  const list = lists.get(file);
  if (list !== undefined) return await answerList(room, call, fromBase64(list));
  const entry = Object.hasOwn(record.files, file) ? record.files[file] : undefined;
  if (entry === undefined) return problemLine(NOT_HERE, method);
  const presentation = {
    contentType: 'application/octet-stream',
    // The publisher may replace a file under its name.
    cacheControl: CACHE.alias,
    headers: { 'repr-digest': `sha-256=:${toBase64(fromHex(entry.sha256))}:` },
  };
  const facts = { size: entry.size, etag: `"${entry.sha512}"`, lastModified: seconds(entry.addedAt) };
  const delivery = decideDelivery(request, facts, presentation, room.platform.now());
  const hasBody = delivery.kind === 'whole' || delivery.kind === 'part';
  if (!hasBody || method === 'HEAD') return respond(delivery, undefined, { request, log });
  const range = delivery.kind === 'part' ? { start: delivery.start, end: delivery.end } : undefined;
  const opened = await room.releases.open(entry, range);
  if (!opened.ok) return problemLine(releaseProblem(opened.error), method);
  if (opened.value === undefined)
    return problemLine({ code: 'unavailable', detail: 'this file is being replaced' }, method);
  return respond(delivery, opened.value, { request, log });
}

async function answerList(room: SysextRoom, call: Call, bytes: Uint8Array<ArrayBuffer>): Promise<Response> {
  const { raw: request } = call.req;
  const facts = { size: bytes.length, etag: `"${await sha256Hex(bytes)}"` };
  const presentation = { contentType: 'text/plain; charset=utf-8', cacheControl: CACHE.alias, headers: {} };
  const delivery = decideDelivery(request, facts, presentation, room.platform.now());
  const body = delivery.kind === 'part' ? bytes.subarray(delivery.start, delivery.end + 1) : bytes;
  return respond(delivery, body, { request, log: call.var.log });
}

const seconds = (text: string): number => Math.floor(Date.parse(text) / 1000) * 1000;

function entriesOf(name: string, { files, sums, signature, publishedAt }: SysextRecord): ListingEntry[] {
  const list = (file: string, text: string): ListingEntry => {
    const url = `/sysext/${name}/${file}`;
    return {
      name: file,
      size: fromBase64(text).length,
      modified: publishedAt,
      type: 'file',
      url,
      verified: file === 'SHA256SUMS',
    };
  };
  const mirrored = Object.entries(files).map(
    ([file, { size, sha512, addedAt }]): ListingEntry => ({
      ...{ name: file, size, modified: addedAt, type: 'file', url: `/sysext/${name}/${file}`, sha512, verified: true },
    }),
  );
  return [...mirrored, list('SHA256SUMS', sums), list('SHA256SUMS.gpg', signature)].toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

/** Returns the router of `/api/sysexts`. */
export function sysextCalls(room: SysextRoom): App {
  const app: App = new Hono();
  app.get('/', async (call) => {
    const items = [];
    for (const source of room.sources) {
      const view = await viewOf(room, source);
      if (!view.ok) return refuse(call, releaseProblem(view.error));
      items.push(view.value);
    }
    return answerJson<typeof sysextList>({ items, cursor: null });
  });
  app.post('/:name/mirror', async (call) => {
    const params = checkShape(sysextParams, call.req.param());
    const source = params.ok ? room.sources.find(({ name }) => name === params.value.name) : undefined;
    if (source === undefined) return refuse(call, UNKNOWN);
    const started = await startSysexts(room, source.name);
    if (!started.ok) return refuse(call, releaseProblem(started.error));
    const view = await viewOf(room, source);
    if (!view.ok) return refuse(call, releaseProblem(view.error));
    return answerJson<typeof sysextView>({ ...view.value, ...(room.isDry ? { dryRun: true } : {}) }, 202);
  });
  return app;
}

const UNKNOWN: Problem = {
  code: 'not-found',
  detail: 'name: SYSEXT_URLS names no such catalogue',
  errors: [{ field: 'name', message: 'SYSEXT_URLS names no such catalogue' }],
};

async function viewOf({ records, platform }: SysextRoom, { name, url, pattern, fingerprint }: SysextSource) {
  const stored = await records.record(name).read();
  if (!stored.ok) return stored;
  const record = stored.value?.value ?? noSysexts(new Date(platform.now()).toISOString());
  const { publishedAt, checkedAt, signedBy, signedAt, fault, isRunning, files } = record;
  const bytes = Object.values(files).reduce((sum, { size }) => sum + size, 0);
  const known = { publishedAt, checkedAt, signedBy, signedAt, fault, isRunning };
  return {
    ok: true as const,
    value: { name, url, pattern, fingerprint, ...known, fileCount: Object.keys(files).length, bytes },
  };
}
