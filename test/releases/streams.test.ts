/** What import tools read, by the rules of the programs that read it. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { artifactOf } from '../../src/releases/derived/artifacts.ts';
import { nodeEdge } from '../support/node-edge.ts';

const VERSION = '4593.2.5';
const KERNEL = 'flatcar_production_pxe.vmlinuz';

const artifact = z.strictObject({
  location: z.url(),
  signature: z.url(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  'uncompressed-sha256': z.string().optional(),
});
const parts = { disk: artifact, kernel: artifact, initramfs: artifact, rootfs: artifact };
/** stream.go of github.com/coreos/stream-metadata-go: what its decoder knows, and nothing else. */
const stream = z.strictObject({
  stream: z.string(),
  metadata: z.strictObject({ 'last-modified': z.iso.datetime(), generator: z.string() }),
  architectures: z.record(
    z.string(),
    z.strictObject({
      artifacts: z.record(
        z.string(),
        z.strictObject({ release: z.string(), formats: z.record(z.string(), z.strictObject(parts).partial()) }),
      ),
      images: z.strictObject({}),
    }),
  ),
});

const item = z.object({ ftype: z.string(), path: z.string(), size: z.int(), sha256: z.string() });
/** doc/README of simplestreams: products:1.0. */
const products = z.object({
  format: z.literal('products:1.0'),
  content_id: z.string(),
  datatype: z.string(),
  updated: z.string(),
  products: z.record(
    z.string(),
    z.object({ arch: z.string(), versions: z.record(z.string(), z.object({ items: z.record(z.string(), item) })) }),
  ),
});
const index = z.object({
  format: z.literal('index:1.0'),
  index: z.record(
    z.string(),
    z.object({ format: z.literal('products:1.0'), path: z.string(), products: z.array(z.string()) }),
  ),
});

describe('an artifact', () => {
  it.each([
    ['flatcar_production_image.bin.bz2', 'metal raw.bz2 disk'],
    ['flatcar_production_pxe_image.cpio.gz', 'metal pxe initramfs'],
    ['flatcar_production_openstack_image.img.bz2', 'openstack qcow2.bz2 disk'],
    ['flatcar_production_ami_image.bin.bz2', 'aws raw.bz2 disk'],
    ['flatcar_production_ami_vmdk_image.vmdk.bz2', 'aws vmdk.bz2 disk'],
    ['flatcar_production_azure_image.vhd.bz2', 'azure vhd.bz2 disk'],
    ['flatcar_production_qemu_uefi_image.img', 'qemu-uefi qcow2 disk'],
    ['flatcar_production_scaleway_image.qcow2', 'scaleway qcow2 disk'],
    ['flatcar_production_gce.tar.gz', 'gcp tar.gz disk'],
    ['version.txt', ''],
    ['flatcar_production_image.vmlinuz', ''],
    ['flatcar_production_image_packages.txt', ''],
    ['flatcar_production_image.bin.bz2.provenance.json', ''],
    ['oem-azure.raw', ''],
    ['constructor', ''],
  ])('%s is %s', (file, expected) => {
    const found = artifactOf(file);
    expect(found === undefined ? '' : `${found.platform} ${found.format} ${found.part}`).toBe(expected);
  });
});

describe('/streams/', () => {
  it('has the stream of a channel, whose files are there and have these digests', async () => {
    const edge = await nodeEdge();
    expect((await edge.fetch('/streams/stable.json')).status).toBe(404);
    await edge.mirror(VERSION);
    const answer = await edge.fetch('/streams/stable.json');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
    const read = stream.parse(await answer.json());
    expect(read.stream).toBe('stable');
    const metal = read.architectures['x86_64']?.artifacts['metal'];
    expect(metal?.release).toBe(VERSION);
    const kernel = metal?.formats['pxe']?.kernel;
    expect(kernel?.location).toBe(`http://edge.test/stable/amd64-usr/${VERSION}/${KERNEL}`);
    const digest = await edge.fetchUrl(`${kernel?.location ?? ''}.sha256`);
    expect((await digest.text()).slice(0, 64)).toBe(kernel?.sha256);
    expect((await edge.fetchUrl(kernel?.signature ?? '')).status).toBe(200);
    const tag = answer.headers.get('etag') ?? '';
    expect((await edge.fetch('/streams/stable.json', { headers: { 'if-none-match': tag } })).status).toBe(304);
  });

  it('has the lists of simplestreams, whose paths begin at the origin, the newest version greatest', async () => {
    const edge = await nodeEdge({ versions: ['4593.2.9', '4593.2.10'] });
    await edge.mirror('4593.2.9');
    await edge.mirror('4593.2.10');
    const { index: lists } = index.parse(await (await edge.fetch('/streams/v1/index.json')).json());
    const [list] = Object.values(lists);
    const read = products.parse(await (await edge.fetch(`/${list?.path ?? ''}`)).json());
    expect(Object.keys(read.products)).toEqual(list?.products);
    const { versions = {} } = read.products['org.flatcar:stable:amd64'] ?? {};
    const newest = Object.keys(versions).toSorted().at(-1) ?? '';
    const items = versions[newest]?.items ?? {};
    expect(items['pxe.vmlinuz']?.path).toBe(`stable/amd64-usr/4593.2.10/${KERNEL}`);
    for (const { path, size, sha256 } of Object.values(items)) {
      const bytes = new Uint8Array(await (await edge.fetch(`/${path}`)).arrayBuffer());
      const digest = Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
      expect([path, bytes.length, digest]).toEqual([path, size, sha256]);
    }
  });

  it('names no quarantined release', async () => {
    const edge = await nodeEdge();
    await edge.mirror(VERSION);
    await edge.call('DELETE', `/api/releases/stable/amd64-usr/${VERSION}`);
    expect((await edge.fetch('/streams/stable.json')).status).toBe(404);
    expect(await (await edge.fetch('/streams/v1/org.flatcar:download.json')).text()).not.toContain(VERSION);
  });

  it.each(['/streams/', '/streams/mine.json', '/streams/stable', '/streams/v1/other.json', '/streams/v1/constructor'])(
    'has nothing at %s',
    async (path) => {
      const edge = await nodeEdge();
      expect((await edge.fetch(path)).status).toBe(404);
    },
  );

  it('takes no other method', async () => {
    const edge = await nodeEdge();
    expect((await edge.fetch('/streams/stable.json', { method: 'POST' })).status).toBe(405);
  });
});
