/**
 * `npm start`: a release signed on the spot by a throwaway key, a server that plays the Flatcar hosts, and the Worker in
 * front of it, with R2 and KV kept in .wrangler/start. Nothing outside that folder changes.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PrivateKey } from 'openpgp';
import { whenTold } from './process-group.ts';
import { makeRelease } from './release-server/release.ts';
import { startUpstream, type UpstreamServer } from './release-server/server.ts';
import { fingerprint, makeSigningKey, publicKeyText, readSigningKey } from './release-server/signing-key.ts';
import { type DevServer, isPortFree, startDev } from './wrangler-dev.ts';

const MIB = 1024 * 1024;
const VERSION = '9001.2.0';
const IMAGE = 'flatcar_production_image.bin.bz2';
const FILES = {
  [IMAGE]: 64 * MIB,
  'flatcar_production_image.vmlinuz': 8 * MIB,
  'flatcar_production_pxe.vmlinuz': 8 * MIB,
  'flatcar_production_pxe_image.cpio.gz': 24 * MIB,
};
/** For this machine alone: the Worker listens on loopback. */
const OPERATOR_TOKEN = 'local-operator-token-for-npm-start';
const CAPABILITY_SECRET = 'local-capability-secret-for-npm-start';
const WEBHOOK_SECRET = 'local-webhook-secret-for-npm-start';
const home = join(dirname(import.meta.dirname), '.wrangler', 'start');

async function main(): Promise<void> {
  const stopping = new AbortController();
  let upstream: UpstreamServer | undefined;
  let starting: Promise<DevServer> | undefined;
  const stop = async () => {
    if (stopping.signal.aborted) return;
    process.stdout.write('\nstopping …\n');
    stopping.abort();
    // A start that was interrupted leaves nothing to stop.
    const edge = await starting?.catch(() => undefined);
    await Promise.all([edge?.stop(), upstream?.close()]);
    process.exit(0);
  };
  whenTold(() => void stop());

  const given = readVars(process.argv.slice(2));
  if (typeof given === 'string') return fail(given);
  const port = readPort(process.env['PORT'] ?? '8787');
  if (port === undefined) return fail('PORT must be a number from 1 to 65535');
  if (!(await isPortFree(port))) return fail(`port ${port} is taken; choose another one: PORT=${port + 1} npm start`);

  upstream = await startUpstream();
  console.log('signing a release with a throwaway key …');
  const key = await throwawayKey();
  await fill(upstream, key);
  starting = startDev({
    port,
    vars: {
      UPSTREAM_URL: `${upstream.url}/flatcar/{channel}/{board}/{version}/{file}`,
      UPDATE_URL: `${upstream.url}/flatcar/update/{board}/{version}/{file}`,
      SIGNING_KEY_URL: `${upstream.url}/flatcar/key.asc`,
      SIGNING_KEY_FINGERPRINTS: fingerprint(key),
      OPERATOR_TOKEN,
      CAPABILITY_SECRET,
      WEBHOOK_SECRET,
      MIRROR: 'stable/amd64-usr',
      ...given,
    },
    persistTo: join(home, 'state'),
    logFile: join(home, 'wrangler.log'),
    isReadable: true,
    signal: stopping.signal,
  });
  const edge = await starting.catch((cause: unknown) => (cause instanceof Error ? cause.message : String(cause)));
  if (stopping.signal.aborted) return;
  if (typeof edge === 'string') return fail(edge);
  const fault = await configurationFault(edge.url);
  if (fault !== undefined) {
    await edge.stop();
    return fail(fault);
  }
  console.log(invitation(edge.url, upstream.url));
  await edge.ended;
  if (!stopping.signal.aborted) fail(`the Worker ended by itself; see ${join(home, 'wrangler.log')}`);
}

/** Reads `--var NAME:VALUE` and `--var=NAME:VALUE`, as wrangler does; gives a sentence for anything else. */
function readVars(args: readonly string[]): Record<string, string> | string {
  const vars: Record<string, string> = {};
  const rest = args.flatMap((arg) => (arg.startsWith('--var=') ? ['--var', arg.slice('--var='.length)] : [arg]));
  for (let place = 0; place < rest.length; place += 2) {
    const [flag, value = ''] = rest.slice(place, place + 2);
    const [, name, text] = /^([A-Z][A-Z0-9_]*):(.*)$/s.exec(value) ?? [];
    if (flag !== '--var' || name === undefined || text === undefined)
      return `${rest.slice(place, place + 2).join(' ')} is not --var NAME:VALUE: npm start -- --var KEEP_RELEASES:5`;
    vars[name] = text;
  }
  return vars;
}

/** A Worker whose configuration is bad answers everything with the list of what is bad. */
async function configurationFault(url: string): Promise<string | undefined> {
  const response = await fetch(`${url}/healthz`);
  const text = await response.text();
  return response.status === 500 && text.includes('configuration error') ? text.trim() : undefined;
}

function readPort(text: string): number | undefined {
  const port = Number(text);
  return /^\d+$/.test(text) && port >= 1 && port <= 65535 ? port : undefined;
}

/** The same key at every start: what R2 keeps from the last run stays verifiable. */
async function throwawayKey(): Promise<PrivateKey> {
  const file = join(home, 'throwaway-key.asc');
  if (existsSync(file)) return await readSigningKey(readFileSync(file, 'utf8'));
  const key = await makeSigningKey({ bits: 4096 });
  mkdirSync(home, { recursive: true });
  writeFileSync(file, key.armor(), { mode: 0o600 });
  return key;
}

async function fill(upstream: UpstreamServer, key: PrivateKey): Promise<void> {
  const tenant = upstream.tenant('flatcar');
  const released = key.getCreationTime();
  const release = await makeRelease({ version: VERSION, files: FILES, key });
  for (const [name, bytes] of release) tenant.put(`stable/amd64-usr/${VERSION}/${name}`, bytes, released);
  tenant.aliases.set('stable/amd64-usr/current', VERSION);
  tenant.put('key.asc', Buffer.from(publicKeyText(key)), released);
}

const invitation = (edge: string, upstream: string): string => `
Flatcar Edge: ${edge}
console: ${edge}/console
token: ${OPERATOR_TOKEN}

export EDGE=${edge} OPERATOR_TOKEN=${OPERATOR_TOKEN}

release server: ${upstream}/flatcar/stable/amd64-usr/${VERSION}/ (plays the Flatcar hosts)

Download a signed release and check it:

  curl --fail-with-body -O ${edge}/stable/amd64-usr/current/${IMAGE}
  curl --fail-with-body -O ${edge}/stable/amd64-usr/current/${IMAGE}.sig
  curl --fail-with-body ${edge}/keys/signing-key.asc | gpg --import
  gpg --verify ${IMAGE}.sig

Mirror it, watch, and stop needing the release server:

  curl --fail-with-body -X PUT -H 'Authorization: Bearer ${OPERATOR_TOKEN}' ${edge}/api/mirrors/stable/amd64-usr/current
  curl --fail-with-body -H 'Authorization: Bearer ${OPERATOR_TOKEN}' ${edge}/api/mirrors/stable/amd64-usr/current
  curl -I ${edge}/stable/amd64-usr/current/${IMAGE}

Give a machine its config, and fetch it as the machine would:

  echo '{"ignition":{"version":"3.4.0"}}' | curl --fail-with-body -T - -H 'Authorization: Bearer ${OPERATOR_TOKEN}' ${edge}/api/machines/vm-1
  curl URLS.IGNITION-OF-THE-ANSWER

More to try:

  curl ${edge}/stable/amd64-usr/current/version.txt
  curl -I ${edge}/stable/amd64-usr/${VERSION}/${IMAGE}
  curl -r 0-99 ${edge}/stable/amd64-usr/current/${IMAGE} | xxd | head -3
  curl ${edge}/healthz

Ctrl-C stops everything.`;

function fail(line: string): void {
  console.error(line);
  process.exitCode = 1;
  process.exit();
}

await main();
