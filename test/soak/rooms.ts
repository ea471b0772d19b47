/**
 * What else happens in the soak: machines boot by the URL of their fleet for the first time and again, a ring is read, machines ask for
 * updates, tokens are made and taken back. Each says what it must never be told.
 */
import { type Edge, OPERATOR } from '../support/edge.ts';

export interface Soaked {
  readonly edges: readonly Edge[];
  readonly random: () => number;
  readonly count: (what: string) => void;
  /** True for a release that was published with every byte as it was signed. */
  readonly isGood: (version: string) => boolean;
}

/** What a client may be told while others fail. */
const PASSING = new Set([409, 502, 503, 504]);
const CHECK = (version: string) => `<?xml version="1.0" encoding="UTF-8"?>
<request protocol="3.0"><os version="Chateau" platform="CoreOS" sp="${version}_x86_64"></os>
<app appid="{e96281a6-d1af-4bde-9a0a-97b76e56dc57}" version="${version}" track="stable" machineid="m" board="amd64-usr"><updatecheck></updatecheck></app></request>`;

/** Sets a fleet and a ring up, and returns the actors. Nothing fails yet. */
export async function openRooms({ edges, random, count, isGood }: Soaked) {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const api = (method: string, path: string, body?: string, headers: Record<string, string> = OPERATOR) =>
    pick(edges).fetch(path, { method, headers, ...(body === undefined ? {} : { body }) });
  const fleet = JSON.stringify({ profiles: ['p'], version: '1000.2.0', unknown: 'enrol', enrolLimit: 10_000 });
  const { urls } = await (await api('PUT', '/api/fleets/room', fleet)).json<{ urls: { ipxe: string } }>();
  await api('PUT', '/api/aliases/stable/amd64-usr/prod', '{"follows":"current","after":"PT0S"}');

  /** A machine of the room gets the script of its own name, or waits: never another one's. */
  const bootByFleet = async () => {
    const last = String(10 + Math.floor(random() * 40));
    const answer = await pick(edges).fetchUrl(`${urls.ipxe}?mac=52:54:00:00:00:${last}`);
    const text = await answer.text();
    count(`fleet ${answer.status}`);
    if (answer.status === 503) return;
    if (answer.status !== 200) throw new Error(`fleet: ${answer.status} ${text}`);
    const [url, name] =
      /ignition\.config\.url=(\S+\/boot\/([^/]+?)\.[\w-]+\.[\w-]+\.\d+\.[\w-]+\/ignition)/.exec(text)?.slice(1) ?? [];
    if (url === undefined) throw new Error(`fleet: ${text}`);
    if (name !== `room-52-54-00-00-00-${last}`)
      throw new Error(`52:54:00:00:00:${last} was given the script of ${name}`);
    const config = await pick(edges).fetchUrl(url, { headers: { 'user-agent': 'Ignition/2.26.0' } });
    const body = await config.text();
    count(`fleet config ${config.status}`);
    if (config.status === 200 ? !body.includes('/base/') : config.status !== 503)
      throw new Error(`config of ${name}: ${config.status} ${body}`);
  };

  /** A ring names a release that is good, or none. */
  const readRing = async () => {
    const answer = await pick(edges).fetch('/stable/amd64-usr/prod/version.txt');
    const text = await answer.text();
    count(`ring ${answer.status}`);
    const version = /^FLATCAR_VERSION=(.*)$/m.exec(text)?.[1] ?? '';
    if (answer.ok && !isGood(version)) throw new Error(`prod names ${version}, which is not good`);
    if (!answer.ok && answer.status !== 404 && !PASSING.has(answer.status)) throw new Error(`prod: ${answer.status}`);
  };

  /** No payload is mirrored, so none may be offered. */
  const askForUpdate = async () => {
    const headers = { 'content-type': 'text/xml' };
    const answer = await pick(edges).fetch('/v1/update/', { method: 'POST', body: CHECK('999.2.0'), headers });
    const text = await answer.text();
    count(`update check ${answer.status}`);
    if (text.includes('<manifest')) throw new Error(`an update was offered that is not here: ${text}`);
    if (answer.status !== 200 && !PASSING.has(answer.status)) throw new Error(`update: ${answer.status}`);
  };

  /** A token opens from when it was given until it is taken back, which counts everywhere at once. */
  const useToken = async () => {
    const name = `t-${Math.floor(random() * 1e9)}`;
    const made = await api('PUT', `/api/tokens/${name}`, '{"may":["read"]}');
    count(`token ${made.status}`);
    if (made.status !== 200 && made.status !== 201) {
      if (!PASSING.has(made.status)) throw new Error(`token: ${made.status} ${await made.text()}`);
      return;
    }
    const { token } = await made.json<{ token: string }>();
    const used = async () => {
      const answer = await api('GET', '/api/me', undefined, { authorization: `Bearer ${token}` });
      await answer.arrayBuffer();
      return answer.status;
    };
    const opened = await used();
    if (opened !== 200 && !PASSING.has(opened)) throw new Error(`a token that was given: ${opened}`);
    const ended = await api('DELETE', `/api/tokens/${name}`);
    await ended.arrayBuffer();
    count(`token ended ${ended.status}`);
    if (!ended.ok) return;
    const after = await used();
    if (after !== 401 && !PASSING.has(after)) throw new Error(`a token that was taken back: ${after}`);
  };

  return [
    [bootByFleet, 60],
    [readRing, 200],
    [askForUpdate, 100],
    [useToken, 300],
  ] as const;
}
