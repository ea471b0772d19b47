/** Update checks: what update_engine asks at `/v1/update/`, and what it is offered. */
import { createHash, randomBytes } from 'node:crypto';
import { parseXml, XmlElement } from '@rgrove/parse-xml';
import { beforeAll, describe, expect, it } from 'vitest';
import { makePayload, makeSigning } from '../../tools/release-server/payload.ts';
import { makeSigningKey } from '../../tools/release-server/signing-key.ts';
import { movingClock } from '../support/moving-clock.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const PAIR = 'stable/amd64-usr';
const [OLD, NEW] = ['4593.2.4', '4593.2.5'];
const UPDATE = 'flatcar_production_update.gz';
const OEM = 'oem-azure.gz';
const HOUR = 3_600_000;
const signing = makeSigning();
const payloads = new Map<string, Buffer>();
const digest = (hash: string, bytes: Buffer) => createHash(hash).update(bytes);

let key: Awaited<ReturnType<typeof makeSigningKey>>;
beforeAll(async () => {
  key = await makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') });
  for (const version of [OLD, NEW])
    for (const name of [UPDATE, OEM])
      payloads.set(`/amd64-usr/${version}/${name}`, makePayload({ data: randomBytes(2000), signings: [signing] }));
});

async function mirrored(vars: Record<string, string> = {}) {
  const clock = movingClock();
  const edge = await nodeEdge({
    key,
    versions: [OLD, NEW],
    platform: { now: clock.platform.now },
    vars: {
      UPDATE_URL: 'http://updates.test/{board}/{version}/{file}',
      ...{ UPDATE_KEY: signing.publicKey, UPDATE_FILES: `${UPDATE},${OEM}` },
      ...vars,
    },
    elsewhere: (request) => {
      const { host, pathname } = new URL(request.url);
      const bytes = host === 'updates.test' ? payloads.get(pathname) : undefined;
      if (bytes === undefined) return undefined;
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.get('range') ?? '')?.[1] ?? 0);
      const body = request.method === 'HEAD' ? null : new Uint8Array(bytes.subarray(from));
      const headers = { etag: `"${pathname}"`, 'content-length': String(bytes.length - from) };
      const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
      const isPart = request.headers.get('range') !== null;
      return Promise.resolve(
        new Response(body, { status: isPart ? 206 : 200, headers: isPart ? { ...headers, ...range } : headers }),
      );
    },
  });
  await edge.mirror(OLD);
  return { edge, clock };
}

interface Asked {
  readonly version?: string;
  readonly track?: string;
  readonly board?: string;
  readonly inside?: string;
  readonly id?: string;
}
/** What update_engine 0.4.10 sends. */
const request = ({
  version = OLD,
  track = 'stable',
  board = 'amd64-usr',
  inside = '<ping active="1"></ping><updatecheck></updatecheck>',
  id = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57',
}: Asked = {}) => `<?xml version="1.0" encoding="UTF-8"?>
<request protocol="3.0" version="update_engine-0.4.10" updaterversion="update_engine-0.4.10" installsource="scheduler" ismachine="1">
  <os version="Chateau" platform="CoreOS" sp="${version}_x86_64"></os>
  <app appid="{${id}}" version="${version}" track="${track}" bootid="{965fb4c5-ad3e-4eb7-a4c2-ca0c0e31ec84}" oem="ami" oemversion="0.1.1-r1" alephversion="1688.5.3" machineid="abce671d61774703ac7be60715220bfe" lang="en-US" board="${board}" hardware_class="" delta_okay="false" >
    ${inside}
  </app>
</request>
`;

const post = async (edge: NodeEdge, body: string, path = '/v1/update/') =>
  await edge.fetch(path, { method: 'POST', body, headers: { 'content-type': 'text/xml' } });

/** The elements of an answer by name, each with its attributes, in order. */
async function answer(edge: NodeEdge, asked: Asked = {}, path?: string) {
  const response = await post(edge, request(asked), path);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/xml; charset=utf-8']);
  const found: Record<string, Record<string, string>[]> = {};
  const walk = (element: XmlElement) => {
    found[element.name] = [...(found[element.name] ?? []), { ...element.attributes }];
    for (const child of element.children) if (child instanceof XmlElement) walk(child);
  };
  const { root } = parseXml(await response.text());
  if (root !== null) walk(root);
  return found;
}
const offered = async (edge: NodeEdge, asked: Asked = {}, path?: string) => {
  const { updatecheck, manifest } = await answer(edge, asked, path);
  return updatecheck?.[0]?.['status'] === 'ok' ? manifest?.[0]?.['version'] : updatecheck?.[0]?.['status'];
};

describe('an update check', () => {
  it('offers the release that the channel names, with the digests that update_engine and ue-rs compare', async () => {
    const { edge } = await mirrored();
    expect(await offered(edge)).toBe('noupdate');
    await edge.mirror(NEW);
    const found = await answer(edge);
    const [update, oem] = [UPDATE, OEM].map((name) => payloads.get(`/amd64-usr/${NEW}/${name}`) ?? Buffer.alloc(0));
    expect(found).toEqual({
      response: [{ protocol: '3.0', server: 'flatcar-edge' }],
      daystart: [{ elapsed_seconds: '0' }],
      app: [{ appid: '{e96281a6-d1af-4bde-9a0a-97b76e56dc57}', status: 'ok' }],
      ping: [{ status: 'ok' }],
      updatecheck: [{ status: 'ok' }],
      urls: [{}],
      url: [{ codebase: `http://edge.test/update/amd64-usr/${NEW}/` }],
      manifest: [{ version: NEW }],
      packages: [{}],
      package: [
        {
          ...{ name: UPDATE, hash: digest('sha1', update as Buffer).digest('base64') },
          ...{ hash_sha256: digest('sha256', update as Buffer).digest('hex') },
          ...{ size: String(update?.length), required: 'true' },
        },
        {
          ...{ name: OEM, hash: digest('sha1', oem as Buffer).digest('base64') },
          ...{ hash_sha256: digest('sha256', oem as Buffer).digest('hex') },
          ...{ size: String(oem?.length), required: 'false' },
        },
      ],
      actions: [{}],
      action: [
        {
          ...{ event: 'postinstall', sha256: digest('sha256', update as Buffer).digest('base64') },
          DisablePayloadBackoff: 'true',
        },
      ],
    });
    // The machine fetches what it was offered.
    const fetched = await edge.fetch(`/update/amd64-usr/${NEW}/${UPDATE}`);
    expect(Buffer.from(await fetched.arrayBuffer())).toEqual(update);
  });

  it('never offers a step back, nor anything to a machine that runs nobody knows what', async () => {
    const { edge } = await mirrored();
    await edge.mirror(NEW);
    expect(await offered(edge)).toBe(NEW);
    for (const version of [NEW, '4593.2.6', '4628.0.0', `${NEW}+nightly-20260901-2100`])
      expect([version, await offered(edge, { version })]).toEqual([version, 'noupdate']);
    for (const version of ['', 'x', '4593.2', `${OLD}.1`])
      expect([version, await offered(edge, { version })]).toEqual([version, 'noupdate']);
    await edge.call('PUT', `/api/aliases/${PAIR}/current`, `{"version":"${OLD}"}`);
    expect(await offered(edge, { version: NEW })).toBe('noupdate');
  });

  it('goes by channel, ring, stream, old group, and by the URL of a machine or a fleet', async () => {
    const { edge, clock } = await mirrored();
    await edge.call('PUT', `/api/aliases/${PAIR}/prod`, '{"follows":"current","after":"PT1H"}');
    await edge.mirror(NEW);
    const machine = await edge.call('PUT', '/api/machines/vm-1?version=prod', '{"ignition":{"version":"3.4.0"}}');
    const fleet = await edge.call('PUT', '/api/fleets/room', '{"version":"current"}');
    const behind = async (made: Response) => {
      const { urls } = await made.json<{ urls: { ipxe: string } }>();
      return urls.ipxe.replace('http://edge.test', '').replace(/ipxe$/, 'update/');
    };
    const [byMachine, byFleet] = [await behind(machine), await behind(fleet)];
    const all = async () => ({
      channel: await offered(edge, { track: 'stable' }),
      group: await offered(edge, { track: '9a2deb70-37be-4026-853f-bfdd6b347bbe' }),
      ring: await offered(edge, { track: 'prod' }),
      whole: await offered(edge, { track: 'stable/prod' }),
      // The URL decides, whatever the track says.
      machine: await offered(edge, { track: 'alpha' }, byMachine),
      fleet: await offered(edge, { track: '' }, byFleet.replace(/\/$/, '')),
    });
    const early = { channel: NEW, group: NEW, ring: 'noupdate', whole: 'noupdate', machine: 'noupdate', fleet: NEW };
    expect(await all()).toEqual(early);
    clock.advance(HOUR);
    expect(await all()).toEqual({ ...early, ring: NEW, whole: NEW, machine: NEW });
    for (const track of ['', 'nightly', 'stable/prod/x', 'beta/../stable', 'stable/none', '__proto__'])
      expect([track, (await answer(edge, { track }))['app']]).toMatchObject([
        track,
        // A ring that nobody made among them: a slip of the pen in GROUP is told, and does not look like "nothing new".
        [{ status: 'error-unknownApplicationOrGroup' }],
      ]);
    await edge.call('PUT', `/api/aliases/${PAIR}/later`, '{"follows":"current","after":"P90D"}');
    expect(await offered(edge, { track: 'stable/later' })).toBe('noupdate');
    expect((await post(edge, request(), '/boot/vm-1.a.b.0.forged/update/')).status).toBe(404);
    await edge.call('DELETE', '/api/machines/vm-1');
    expect((await post(edge, request(), byMachine)).status).toBe(410);
  });

  it('offers nothing that was taken back, or of which no payload is here', async () => {
    const { edge } = await mirrored();
    await edge.mirror(NEW);
    await edge.call('DELETE', `/api/releases/${PAIR}/${NEW}`);
    expect(await offered(edge)).toBe('noupdate');
    const { edge: bare } = await mirrored({ UPDATE_FILES: '' });
    await bare.mirror(NEW);
    expect(await offered(bare)).toBe('noupdate');
  });

  it('counts what machines tell by the release that they run, and a release that nobody published as other', async () => {
    const { edge, clock } = await mirrored();
    await edge.mirror(NEW);
    for (const [version, event] of [
      [OLD, 'eventtype="13" eventresult="1"'],
      [OLD, 'eventtype="14" eventresult="1"'],
      [OLD, 'eventtype="3" eventresult="1"'],
      [NEW, 'eventtype="3" eventresult="2" previousversion="4593.2.4"'],
      [OLD, 'eventtype="3" eventresult="0" errorcode="37"'],
      ['1.2.3', 'eventtype="3" eventresult="1"'],
    ] as const) {
      const { event: told } = await answer(edge, { version, inside: `<event ${event}></event>` });
      expect(told).toEqual([{ status: 'ok' }]);
    }
    await edge.settle();
    // Such counts cause no write of their own: they go with the next one.
    clock.advance(2 * 60_000);
    await answer(edge);
    await edge.settle();
    const { items } = await (await edge.call('GET', '/api/updates')).json<{ items: unknown[] }>();
    const place = { channel: 'stable', board: 'amd64-usr' };
    expect(items).toEqual([
      { ...place, version: OLD, counts: { downloaded: 1, downloading: 1, failed: 1, installed: 1, offered: 1 } },
      { ...place, version: NEW, counts: { complete: 1 } },
      { ...place, version: 'other', counts: { installed: 1 } },
    ]);
    const metrics = await (await edge.call('GET', '/api/metrics')).text();
    expect(metrics).toContain(
      `flatcar_edge_updates_total{channel="stable",board="amd64-usr",version="${NEW}",told="complete"} 1`,
    );
  });

  it.each([
    ['no XML', 'hello'],
    ['nothing', ''],
    ['another root', '<response></response>'],
    ['no app', '<request protocol="3.0"></request>'],
    ['too many apps', `<request>${'<app></app>'.repeat(9)}</request>`],
    ['elements in elements', `${'<a>'.repeat(20_000)}`],
    ['an entity bomb', '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><request><app version="&c;"/></request>'],
  ])('refuses a body that is %s', async (_what, body) => {
    const { edge } = await mirrored();
    const response = await post(edge, body);
    const isRefused = response.status === 400 || (await response.text()).includes('error-unknownApplication');
    expect(isRefused).toBe(true);
  });

  it('answers for other apps, other methods and too long bodies as a client expects', async () => {
    const { edge } = await mirrored();
    const other = await answer(edge, { id: '11111111-d1af-4bde-9a0a-97b76e56dc57' });
    expect(other['app']).toMatchObject([{ status: 'error-unknownApplication' }]);
    const get = await edge.fetch('/v1/update/');
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await post(edge, ' '.repeat(65 * 1024))).status).toBe(413);
    const odd = await answer(edge, { id: '&lt;&quot;&amp;' });
    expect(odd['app']?.[0]?.['appid']).toBe('{<"&}');
  });
});
