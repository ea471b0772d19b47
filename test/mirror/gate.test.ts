/** The gate: no name moves onto a release that would break those who boot by it, and what holds it can be seen and overruled. */
import { beforeAll, describe, expect, it } from 'vitest';
import { holdFor } from '../../src/mirror/aliases/hold-for.ts';
import type { Version } from '../../src/releases/model.ts';
import { makeSigningKey } from '../../tools/release-server/signing-key.ts';
import { movingClock } from '../support/moving-clock.ts';
import { type NodeEdge, type NodeEdgeOptions, nodeEdge } from '../support/node-edge.ts';

const PAIR = 'stable/amd64-usr';
const [OLD, NEW, NEWER] = ['4593.2.4', '4593.2.5', '4593.2.6'];
const KERNEL = 'flatcar_production_pxe.vmlinuz';
const INITRD = 'flatcar_production_pxe_image.cpio.gz';
const PACKAGES = 'flatcar_production_image_packages.txt';
const HOUR = 3_600_000;
/** A config that Ignition 2.14 does not read: it says what spec 3.3 cannot. */
const NEW_SPEC = JSON.stringify({
  ignition: { version: '3.4.0' },
  storage: { luks: [{ name: 'data', device: '/dev/sdb', discard: true }] },
});
const OLD_SPEC = JSON.stringify({ ignition: { version: '3.0.0' } });

let key: Awaited<ReturnType<typeof makeSigningKey>>;
beforeAll(async () => {
  key = await makeSigningKey({ created: new Date('2025-01-01T00:00:00Z') });
});

/** An edge whose release 4593.2.5 has an older Ignition than the others, which reads spec 3.3 at most. */
async function gatedEdge(options: Partial<NodeEdgeOptions> = {}) {
  const clock = movingClock();
  const edge = await nodeEdge({
    key,
    versions: [OLD, NEW, NEWER],
    filesOf: (version) => ({
      ...{ [KERNEL]: 300, [INITRD]: 300 },
      [PACKAGES]: `sys-apps/ignition-${version === NEW ? '2.14.0' : '2.24.0'}\n`,
    }),
    platform: { now: clock.platform.now },
    ...options,
    vars: { MIRROR_FILES: [KERNEL, INITRD, PACKAGES].join(), ...options.vars },
  });
  return { edge, clock };
}

interface AliasSeen {
  readonly version: string | null;
  readonly holds?: readonly {
    readonly version: string;
    readonly why: string;
    readonly files?: string[];
    readonly broken?: number;
    readonly seen?: number;
    readonly causes?: readonly { readonly cause: string; readonly count: number; readonly examples: string[] }[];
  }[];
}
const aliasOf = async (edge: NodeEdge, alias: string): Promise<AliasSeen> =>
  await (await edge.call('GET', `/api/aliases/${PAIR}/${alias}`)).json();
const holdsOf = async (edge: NodeEdge, alias: string) =>
  (await aliasOf(edge, alias)).holds?.map(({ version, why }) => [version, why]) ?? [];
const good = async (answer: Promise<Response>) => {
  const response = await answer;
  expect([response.status, response.ok ? '' : await response.text()]).toEqual([response.status, '']);
  return response;
};

describe('files that a boot needs', () => {
  it('a release without its PXE pair leaves current where it was, until the files are there', async () => {
    const { edge } = await gatedEdge();
    const initrd = `/${PAIR}/${NEW}/${INITRD}`;
    const [bytes, signature] = [edge.upstream.get(initrd), edge.upstream.get(`${initrd}.sig`)];
    if (bytes === undefined || signature === undefined) throw new Error('no initrd');
    edge.upstream.delete(initrd);
    await edge.mirror(OLD);
    await edge.mirror(NEW);
    expect(await aliasOf(edge, 'current')).toMatchObject({
      version: OLD,
      holds: [{ version: NEW, why: 'files', files: [INITRD], text: `${NEW} lacks ${INITRD}, which a boot needs` }],
    });
    expect((await edge.fetch(`/${PAIR}/${NEW}/version.txt`)).status).toBe(200);
    expect(await (await edge.fetch(`/${PAIR}/current/version.txt`)).text()).toContain(`VERSION=${OLD}`);
    edge.upstream.set(initrd, bytes);
    await edge.mirror(NEW);
    expect(await aliasOf(edge, 'current')).toMatchObject({ version: NEW });
    expect(await holdsOf(edge, 'current')).toEqual([]);
  });

  it('an alias that names nothing yet moves, and a mirror without PXE files is not held', async () => {
    const { edge } = await gatedEdge();
    for (const version of [OLD, NEW]) edge.upstream.delete(`/${PAIR}/${version}/${INITRD}`);
    await edge.mirror(OLD);
    expect(await aliasOf(edge, 'current')).toMatchObject({ version: OLD });
    // What was not there before is not taken from anybody.
    await edge.mirror(NEW);
    expect(await aliasOf(edge, 'current')).toMatchObject({ version: NEW });
    const { edge: images } = await gatedEdge({ vars: { MIRROR_FILES: PACKAGES } });
    await images.mirror(OLD);
    await images.mirror(NEW);
    expect(await aliasOf(images, 'current')).toMatchObject({ version: NEW });
  });

  it('an operator lifts the hold: the alias moves onto that release, and rings come to it in their time', async () => {
    const { edge, clock } = await gatedEdge();
    edge.upstream.delete(`/${PAIR}/${NEW}/${INITRD}`);
    await edge.mirror(OLD);
    await good(edge.call('PUT', `/api/aliases/${PAIR}/prod`, '{"follows":"current","after":"PT1H"}'));
    clock.advance(HOUR);
    await edge.mirror(NEW);
    expect((await edge.call('POST', `/api/aliases/${PAIR}/current/lift`, `{"version":"${NEWER}"}`)).status).toBe(404);
    const dry = await good(edge.call('POST', `/api/aliases/${PAIR}/current/lift?dry_run=1`, `{"version":"${NEW}"}`));
    expect(await dry.json()).toMatchObject({ before: OLD, version: NEW, dryRun: true });
    expect(await aliasOf(edge, 'current')).toMatchObject({ version: OLD });
    const lifted = await good(edge.call('POST', `/api/aliases/${PAIR}/current/lift`, `{"version":"${NEW}"}`));
    expect(await lifted.json()).toMatchObject({ before: OLD, version: NEW, dryRun: false });
    // The ring has a hold of its own: whoever lifted the one of current has decided for current.
    clock.advance(2 * HOUR);
    expect(await aliasOf(edge, 'prod')).toMatchObject({ version: OLD, holds: [{ version: NEW, why: 'files' }] });
    await good(edge.call('POST', `/api/aliases/${PAIR}/prod/lift`, `{"version":"${NEW}"}`));
    expect(await aliasOf(edge, 'prod')).toMatchObject({ version: NEW });
  });
});

describe('machines that would not boot', () => {
  it('a base that the new Ignition does not read holds the ring of its machines, and nothing else', async () => {
    const { edge, clock } = await gatedEdge();
    await edge.mirror(OLD);
    for (const [ring, after] of [
      ['canary', 'PT1H'],
      ['prod', 'PT2H'],
    ])
      await good(edge.call('PUT', `/api/aliases/${PAIR}/${ring}`, JSON.stringify({ follows: 'current', after })));
    clock.advance(3 * HOUR);
    await good(edge.call('PUT', '/api/profiles/web/base', NEW_SPEC));
    await good(edge.call('PUT', '/api/profiles/db/base', OLD_SPEC));
    for (const id of ['web-1', 'web-2'])
      await good(edge.call('PUT', `/api/machines/${id}?profile=web&version=prod`, ''));
    await good(edge.call('PUT', '/api/machines/db-1?profile=db&version=canary', ''));
    await good(edge.call('PUT', '/api/machines/db-2?profile=db', ''));
    await edge.mirror(NEW);
    expect(await aliasOf(edge, 'current')).toMatchObject({ version: NEW });
    clock.advance(4 * HOUR);
    expect(await aliasOf(edge, 'canary')).toMatchObject({ version: NEW });
    const prod = await aliasOf(edge, 'prod');
    expect(prod).toMatchObject({ version: OLD, holds: [{ version: NEW, why: 'machines', broken: 2 }] });
    expect(prod.holds?.[0]?.causes).toMatchObject([{ count: 2, examples: ['web-1', 'web-2'] }]);
    expect(prod.holds?.[0]?.causes?.[0]?.cause).toContain('base:web');
    // The boot script of a held machine names the release that it boots.
    const script = await bootScript(edge, 'web-1');
    expect(script).toContain(`/${PAIR}/${OLD}\n`);
    // Somebody mends the base: the next round of the poll lets the ring move.
    await good(edge.call('PUT', '/api/profiles/web/base', OLD_SPEC));
    await edge.poll();
    expect(await holdsOf(edge, 'prod')).toEqual([]);
    expect(await aliasOf(edge, 'prod')).toMatchObject({ version: NEW });
  });

  it('holds current too, and the next release that they boot passes it', async () => {
    const { edge } = await gatedEdge();
    await edge.mirror(OLD);
    await good(edge.call('PUT', '/api/machines/vm-1', NEW_SPEC));
    await edge.mirror(NEW);
    expect(await aliasOf(edge, 'current')).toMatchObject({ version: OLD });
    expect(await holdsOf(edge, 'current')).toEqual([[NEW, 'machines']]);
    await edge.mirror(NEWER);
    expect(await aliasOf(edge, 'current')).toMatchObject({ version: NEWER });
    expect(await holdsOf(edge, 'current')).toEqual([]);
  });

  it('fleets count like machines; machines of a number, of another board, deleted or broken before do not', async () => {
    const { edge } = await gatedEdge();
    await edge.mirror(OLD);
    await good(edge.call('PUT', '/api/profiles/web/base', NEW_SPEC));
    await good(edge.call('PUT', `/api/machines/numbered?profile=web&version=${OLD}`, ''));
    await good(edge.call('PUT', '/api/machines/other?profile=web&board=arm64-usr', ''));
    await good(edge.call('PUT', '/api/machines/named?profile=web&ignition=2.24.0', ''));
    await good(edge.call('PUT', '/api/machines/gone?profile=web', ''));
    await good(edge.call('DELETE', '/api/machines/gone'));
    await edge.mirror(NEW);
    expect(await aliasOf(edge, 'current')).toMatchObject({ version: NEW });

    const { edge: other } = await gatedEdge();
    await other.mirror(OLD);
    await good(other.call('PUT', '/api/profiles/web/base', NEW_SPEC));
    await good(other.call('PUT', '/api/fleets/room', '{"profiles":["web"],"unknown":"enrol"}'));
    await other.mirror(NEW);
    expect(await aliasOf(other, 'current')).toMatchObject({
      version: OLD,
      holds: [{ version: NEW, why: 'machines', broken: 1, causes: [{ examples: ['fleet room'] }] }],
    });
  });

  it('a pin that would break machines is refused with the causes, unless it is forced', async () => {
    const { edge } = await gatedEdge();
    await edge.mirror(OLD);
    await edge.mirror(NEW);
    await edge.mirror(NEWER);
    await good(edge.call('PUT', '/api/machines/vm-1', NEW_SPEC));
    const pin = `{"version":"${NEW}"}`;
    const refused = await edge.call('PUT', `/api/aliases/${PAIR}/current`, pin);
    expect([refused.status, await refused.json()]).toMatchObject([
      409,
      { type: 'urn:flatcar-edge:problem:would-break', broken: 1, causes: [{ examples: ['vm-1'] }] },
    ]);
    expect(await aliasOf(edge, 'current')).toMatchObject({ version: NEWER });
    await good(edge.call('PUT', `/api/aliases/${PAIR}/current`, `{"version":"${OLD}"}`));
    await good(edge.call('PUT', `/api/aliases/${PAIR}/current?force=1`, pin));
    expect(await aliasOf(edge, 'current')).toMatchObject({ version: NEW });
  });

  it('a job warns of a cloud whose system extension is not mirrored', async () => {
    const { edge } = await gatedEdge();
    await edge.mirror(OLD);
    await good(edge.call('PUT', '/api/machines/vm-1?kernel_arg=flatcar.oem.id=azure', ''));
    await edge.mirror(NEW);
    expect(await aliasOf(edge, 'current')).toMatchObject({ version: NEW });
    const job = await (await edge.call('GET', `/api/mirrors/${PAIR}/${NEW}`)).json<{ warnings?: string[] }>();
    expect(job.warnings).toEqual([expect.stringMatching(/flatcar\.oem\.id=azure, whose initrd fetches oem-azure\.gz/)]);
  });

  it.each([
    ['is wanted, served now and missing', ['update/oem-azure.gz'], ['update/oem-azure.gz'], ['update/oem-azure.gz']],
    ['is not served now either', ['update/oem-azure.gz'], [], undefined],
    ['is none that this mirror copies', [], ['update/oem-azure.gz'], undefined],
  ])('a system extension that %s', (_what, wanted, served, files) => {
    const names = { prod: { followers: 1, broken: 0, breaks: [], oems: ['azure'] } };
    const manifest = { version: NEW as Version, files: {} };
    const grounds = { manifest, wanted, looked: { state: 'looked' as const, names }, now: new Date(0).toISOString() };
    const hold = holdFor('prod', { lifted: [] }, Object.fromEntries(served.map((name) => [name, {}])), grounds);
    expect(hold?.files).toEqual(files);
    expect(
      holdFor('other', { lifted: [] }, Object.fromEntries(served.map((name) => [name, {}])), grounds),
    ).toBeUndefined();
    expect(holdFor('prod', { lifted: [NEW as Version] }, { 'update/oem-azure.gz': {} }, grounds)).toBeUndefined();
  });
});

describe('PROMOTE_AFTER_BOOTS', () => {
  it('a ring moves when so many machines of the ring before have called done, and not before', async () => {
    const { edge, clock } = await gatedEdge({ vars: { PROMOTE_AFTER_BOOTS: '2' } });
    await edge.mirror(OLD);
    await good(edge.call('PUT', `/api/aliases/${PAIR}/canary`, '{"follows":"current","after":"PT1H"}'));
    await good(edge.call('PUT', `/api/aliases/${PAIR}/prod`, '{"follows":"current","after":"PT2H"}'));
    clock.advance(3 * HOUR);
    expect(await aliasOf(edge, 'prod')).toMatchObject({ version: OLD });
    for (const [id, version] of [
      ...['a', 'b', 'c'].map((name) => [`current-${name}`, 'current']),
      ...['a', 'b'].map((name) => [`canary-${name}`, 'canary']),
    ])
      await good(edge.call('PUT', `/api/machines/${id}?version=${version}`, OLD_SPEC));
    await edge.mirror(NEW);
    clock.advance(5 * HOUR);
    await edge.poll();
    expect(await aliasOf(edge, 'canary')).toMatchObject({
      version: OLD,
      holds: [{ version: NEW, why: 'boots', seen: 0 }],
    });
    await done(edge, 'current-a');
    // One machine that boots twice is one machine.
    clock.advance(HOUR);
    await done(edge, 'current-a');
    await edge.poll();
    expect(await aliasOf(edge, 'canary')).toMatchObject({ version: OLD, holds: [{ why: 'boots', seen: 1 }] });
    await done(edge, 'current-b');
    await edge.poll();
    expect(await aliasOf(edge, 'canary')).toMatchObject({ version: NEW });
    expect(await aliasOf(edge, 'prod')).toMatchObject({ version: OLD });
    for (const id of ['canary-a', 'canary-b']) await done(edge, id);
    await edge.poll();
    expect(await aliasOf(edge, 'prod')).toMatchObject({ version: NEW });
    // Going back needs no proof.
    await good(edge.call('PUT', `/api/aliases/${PAIR}/current`, `{"version":"${OLD}"}`));
    expect(await aliasOf(edge, 'prod')).toMatchObject({ version: OLD });
  });
});

describe('more machines than a call can look at', () => {
  const MACHINES = 1200;

  it('current waits for the end of the look, and a run that dies is taken up', async () => {
    const { edge, clock } = await gatedEdge();
    await edge.mirror(OLD);
    await good(edge.call('PUT', '/api/profiles/web/base', NEW_SPEC));
    for (let at = 0; at < MACHINES; at += 1)
      await good(edge.call('PUT', `/api/machines/vm-${String(at).padStart(5, '0')}?profile=web`, ''));
    await edge.mirror(NEW);
    expect(await holdsOf(edge, 'current')).toEqual([[NEW, 'looking']]);
    const pin = await edge.call('PUT', `/api/aliases/${PAIR}/current`, `{"version":"${NEW}"}`);
    expect([pin.status, pin.headers.get('retry-after')]).toEqual([409, '60']);
    // The first run dies, and with it what was told to start it.
    edge.looks.splice(0);
    clock.advance(6 * 60_000);
    await edge.errands();
    await edge.runLooks();
    expect(await aliasOf(edge, 'current')).toMatchObject({
      version: OLD,
      holds: [{ version: NEW, why: 'machines', broken: MACHINES }],
    });
    await edge.mirror(NEWER);
    await edge.runLooks();
    expect(await aliasOf(edge, 'current')).toMatchObject({ version: NEWER });
    await edge.errands();
    expect(edge.looks).toEqual([]);
  });
});

async function bootScript(edge: NodeEdge, id: string): Promise<string> {
  const issued = await good(edge.call('POST', `/api/machines/${id}/token`, '{}'));
  const { urls } = await issued.json<{ urls: { ipxe: string } }>();
  return await (await edge.fetch(urls.ipxe.replace('http://edge.test', ''))).text();
}

async function done(edge: NodeEdge, id: string): Promise<void> {
  const issued = await good(edge.call('POST', `/api/machines/${id}/token`, '{}'));
  const { urls } = await issued.json<{ urls: { ignition: string } }>();
  const path = urls.ignition.replace('http://edge.test', '').replace(/ignition$/, 'done');
  await good(edge.fetch(path, { method: 'POST' }));
  await edge.settle();
}
