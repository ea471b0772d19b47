/** Checks of a deployed edge that a local test cannot make. Each check tells what it found. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Outcome {
  readonly check: string;
  readonly verdict: 'ok' | 'FAIL' | 'skipped';
  readonly seen: string;
}

export interface Target {
  /** The URL of the edge, such as `https://edge.example.org`, without a slash at the end. */
  readonly url: string;
  /** A boot URL of a machine (`…/ignition`), if the user gave one. */
  readonly boot: string | undefined;
  /** The path of a mirrored file. Without it, the probe takes one from releases.json. */
  readonly file: string | undefined;
}

interface Download {
  readonly path: string;
  readonly bytes: Buffer;
}

const IGNITION = 'Ignition/2.26.0';
const IPXE = 'iPXE/1.21.1';
const MOST_BYTES = 64 * 1024 * 1024;
const WITHIN_MS = 60_000;

const ask = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(url, { method, headers, redirect: 'manual', signal: AbortSignal.timeout(WITHIN_MS) });
/** Returns what Cloudflare's cache did, which the Worker states in a header. */
const cacheOf = ({ headers }: Response) => `cache ${headers.get('x-flatcar-cache') ?? 'not asked'}`;

/** Runs all checks in order and returns their outcomes. A check that throws has failed, and the next one runs. */
export async function probe(target: Target): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const check = async (name: string, work: () => Promise<string | Skipped>) => {
    try {
      const seen = await work();
      const isSkipped = typeof seen !== 'string';
      outcomes.push({ check: name, verdict: isSkipped ? 'skipped' : 'ok', seen: isSkipped ? seen.skipped : seen });
    } catch (cause) {
      outcomes.push({ check: name, verdict: 'FAIL', seen: cause instanceof Error ? cause.message : String(cause) });
    }
  };
  await check('health', () => health(target));
  let file: string | undefined;
  await check('a mirrored file to try with', async () => {
    file = await pickFile(target);
    return file ?? NOTHING_MIRRORED;
  });
  await check('version.txt of current: 200, no redirect', () => versionTxt(target, file));
  let download: Download | undefined;
  await check('whole download: length and digest', async () => {
    if (file === undefined) return NOTHING_MIRRORED;
    const whole = await wholeDownload(target, file);
    download = { path: file, bytes: whole.bytes };
    return whole.seen;
  });
  const withDownload = (work: (download: Download) => Promise<string | Skipped>) => async () =>
    download === undefined ? NOTHING_MIRRORED : await work(download);
  await check(
    'whole download again, perhaps from the cache',
    withDownload((first) => again(target, first)),
  );
  await check(
    'range of what was just downloaded',
    withDownload((first) => range(target, first)),
  );
  await check(
    'range past the end: 416',
    withDownload((first) => pastTheEnd(target, first)),
  );
  await check(
    'HEAD: the same headers, no body',
    withDownload((first) => head(target, first)),
  );
  await check(
    'If-None-Match: 304',
    withDownload((first) => notModified(target, first)),
  );
  await check(
    'no encoding, whatever is accepted',
    withDownload((first) => encoding(target, first)),
  );
  await check(
    'curl -C - completes a broken download',
    withDownload((first) => resume(target, first)),
  );
  for (const scheme of ['https', 'http'] as const) {
    await check(`${scheme} boot, as Ignition asks`, () => boot(target, scheme, IGNITION));
    await check(`${scheme} boot, as iPXE asks`, () => boot(target, scheme, IPXE));
  }
  await check('20 boots at once: none is refused', () => bootStorm(target));
  await check('the API is closed without a token', () => closed(target));
  return outcomes;
}

interface Skipped {
  readonly skipped: string;
}

const NOTHING_MIRRORED: Skipped = { skipped: 'nothing is mirrored that is small enough' };

function expect(isGood: boolean, otherwise: string): void {
  if (!isGood) throw new Error(otherwise);
}

async function health({ url }: Target): Promise<string> {
  const answer = await ask(`${url}/healthz`);
  const { status } = (await answer.json()) as { status: string };
  expect(answer.status === 200, `${answer.status}: ${status}`);
  return status === 'degraded' ? 'degraded: /healthz, asked with a token, says what is to be done' : status;
}

async function versionTxt({ url }: Target, file: string | undefined): Promise<string> {
  const pair = /^\/[^/]+\/[^/]+/.exec(file ?? '')?.[0] ?? '/stable/amd64-usr';
  const answer = await ask(`${url}${pair}/current/version.txt`);
  expect(answer.status === 200, `${answer.status} ${answer.headers.get('location') ?? ''}`);
  const version = /^FLATCAR_VERSION=(.*)$/m.exec(await answer.text())?.[1];
  expect(version !== undefined, 'no FLATCAR_VERSION in it');
  return `${version}, ${answer.headers.get('cache-control')}`;
}

/** Returns the path of the largest mirrored file that is not too large for the probe; `undefined` without one. */
async function pickFile({ url, file }: Target): Promise<string | undefined> {
  if (file !== undefined) return file;
  const answer = await ask(`${url}/releases.json`).catch(() => undefined);
  if (answer?.status !== 200) return undefined;
  const { channels } = (await answer.json()) as {
    channels: Record<string, Record<string, Record<string, { files: Record<string, { size: number }> }>>>;
  };
  const candidates: { path: string; size: number }[] = [];
  for (const [channel, boards] of Object.entries(channels))
    for (const [board, releases] of Object.entries(boards))
      for (const [version, { files }] of Object.entries(releases))
        for (const [name, { size }] of Object.entries(files))
          if (size <= MOST_BYTES) candidates.push({ path: `/${channel}/${board}/${version}/${name}`, size });
  return candidates.sort((a, b) => b.size - a.size)[0]?.path;
}

async function wholeDownload({ url }: Target, path: string): Promise<{ seen: string; bytes: Buffer }> {
  const answer = await ask(`${url}${path}`);
  expect(answer.status === 200, `${answer.status}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(answer.headers.get('content-length') === String(bytes.length), 'Content-Length is not what came');
  const digest = `sha-512=:${createHash('sha512').update(bytes).digest('base64')}:`;
  expect(answer.headers.get('repr-digest') === digest, `Repr-Digest ${answer.headers.get('repr-digest')} is not ours`);
  return { seen: `${path}, ${bytes.length} bytes, ${cacheOf(answer)}`, bytes };
}

async function again(target: Target, { path, bytes }: Download): Promise<string> {
  const second = await wholeDownload(target, path);
  expect(second.bytes.equals(bytes), 'other bytes than the first time');
  return second.seen;
}

async function range({ url }: Target, { path, bytes }: Download): Promise<string> {
  const last = bytes.length - 1;
  const middle = Math.floor(bytes.length / 2);
  for (const [text, from, to] of [
    ['bytes=0-0', 0, 0],
    [`bytes=${middle}-${Math.min(middle + 999, last)}`, middle, Math.min(middle + 999, last)],
    ['bytes=-1', last, last],
  ] as const) {
    const answer = await ask(`${url}${path}`, { range: text });
    const body = Buffer.from(await answer.arrayBuffer());
    expect(answer.status === 206, `${text}: ${answer.status} with ${body.length} bytes, ${cacheOf(answer)}`);
    const contentRange = answer.headers.get('content-range');
    expect(contentRange === `bytes ${from}-${to}/${bytes.length}`, `${text}: Content-Range ${contentRange}`);
    expect(body.equals(bytes.subarray(from, to + 1)), `${text}: other bytes`);
  }
  return 'first byte, middle and last byte are exact';
}

async function pastTheEnd({ url }: Target, { path, bytes }: Download): Promise<string> {
  const answer = await ask(`${url}${path}`, { range: `bytes=${bytes.length}-` });
  const contentRange = answer.headers.get('content-range');
  expect(
    answer.status === 416 && contentRange === `bytes */${bytes.length}`,
    `${answer.status}, Content-Range ${contentRange}`,
  );
  return `416, ${contentRange}`;
}

async function head({ url }: Target, { path, bytes }: Download): Promise<string> {
  const answer = await ask(`${url}${path}`, {}, 'HEAD');
  const { headers } = answer;
  expect(answer.status === 200, `${answer.status}`);
  expect(headers.get('content-length') === String(bytes.length), `Content-Length ${headers.get('content-length')}`);
  for (const name of ['etag', 'accept-ranges', 'repr-digest', 'last-modified']) expect(headers.has(name), `no ${name}`);
  return `ETag, Accept-Ranges, Repr-Digest, Last-Modified, ${headers.get('cache-control')}`;
}

async function notModified({ url }: Target, { path }: Download): Promise<string> {
  const first = await ask(`${url}${path}`, {}, 'HEAD');
  const etag = first.headers.get('etag') ?? '';
  expect(etag.startsWith('"'), `ETag ${etag} is not strong`);
  const answer = await ask(`${url}${path}`, { 'if-none-match': etag });
  await answer.arrayBuffer();
  expect(answer.status === 304, `${answer.status}`);
  return '304';
}

async function encoding({ url }: Target, { path }: Download): Promise<string> {
  const answer = await ask(`${url}${path}`, { 'accept-encoding': 'gzip, br, zstd' });
  await answer.body?.cancel();
  const encoded = answer.headers.get('content-encoding');
  expect(encoded === null, `Content-Encoding ${encoded}`);
  return 'identity';
}

async function resume({ url }: Target, { path, bytes }: Download): Promise<string | Skipped> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-probe-'));
  const partialFile = join(folder, 'part');
  try {
    writeFileSync(partialFile, bytes.subarray(0, Math.floor(bytes.length / 3)));
    const run = spawnSync('curl', ['-fsS', '-m', '60', '-C', '-', '-o', partialFile, `${url}${path}`], {
      encoding: 'utf8',
    });
    if (run.error !== undefined) return { skipped: 'curl is not there' };
    expect(run.status === 0, `curl ended with ${run.status}: ${run.stderr.trim()}`);
    expect(readFileSync(partialFile).equals(bytes), 'the completed file has other bytes');
    return 'byte for byte';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A boot URL with a forged capability. When the request reaches the Worker, its answer is exactly this 404. */
const FORGED = '/boot/probe.none.none.0.none/ignition';
const FORGED_ANSWER = 'not found\n';

async function boot(target: Target, scheme: 'http' | 'https', userAgent: string): Promise<string | Skipped> {
  const { protocol } = new URL(target.url);
  const isLocal = /^(127\.|localhost|\[::1\])/.test(new URL(target.url).hostname);
  if (isLocal && `${scheme}:` !== protocol) return { skipped: `this host has only ${protocol.slice(0, -1)}` };
  const bootUrl = new URL(target.boot ?? `${target.url}${FORGED}`);
  // The port belongs to the scheme, so it is dropped with it.
  if (bootUrl.protocol !== `${scheme}:`) bootUrl.port = '';
  bootUrl.protocol = scheme;
  const url = bootUrl.href;
  const answer = await ask(url, { 'user-agent': userAgent, 'accept-encoding': 'identity' });
  const text = await answer.text();
  const { status, headers } = answer;
  expect(status < 300 || status > 399, `${status} to ${headers.get('location')}: switch Always Use HTTPS off`);
  expect(
    !headers.has('cf-mitigated'),
    `${status}: challenged by the zone (cf-mitigated ${headers.get('cf-mitigated')})`,
  );
  expect(status !== 403 && status !== 429, `${status}: the zone refuses it before the Worker`);
  expect(headers.get('cache-control')?.includes('no-store') === true, `Cache-Control ${headers.get('cache-control')}`);
  expect(headers.get('content-encoding') === null, `Content-Encoding ${headers.get('content-encoding')}`);
  if (target.boot === undefined) {
    expect(status === 404 && text === FORGED_ANSWER, `${status}, which is not the Worker's own answer`);
    return 'reaches the Worker (a forged URL: its own 404)';
  }
  expect(status === 200, `${status}: ${text.trim()}`);
  expect(headers.get('content-length') === String(Buffer.byteLength(text)), 'Content-Length is not what came');
  JSON.parse(text);
  return `200, ${text.length} bytes of Ignition`;
}

/** Checks that many boots from one address, such as those of a rack, are not refused as an attack. */
async function bootStorm(target: Target): Promise<string> {
  const url = target.boot ?? `${target.url}${FORGED}`;
  const wantedStatus = target.boot === undefined ? 404 : 200;
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(url, { 'user-agent': IGNITION })));
  await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  const others = answers.filter(({ status }) => status !== wantedStatus).map(({ status }) => status);
  expect(others.length === 0, `answers other than ${wantedStatus}: ${others.join(', ')}`);
  return `20 times ${wantedStatus}`;
}

async function closed({ url }: Target): Promise<string> {
  const answer = await ask(`${url}/api/machines`);
  await answer.arrayBuffer();
  expect(answer.status === 401, `${answer.status}`);
  return '401';
}
