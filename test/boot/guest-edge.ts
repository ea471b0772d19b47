/** An edge from which guests boot: releases of Debian's kernel and our initrd, a proxy that spoils what it is told to, and machines. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { DebianParts } from '../../tools/boot/debian.ts';
import { type FaultProxy, startFaultProxy } from '../../tools/boot/fault-proxy.ts';
import { makeInitrd } from '../../tools/boot/guest.ts';
import { config, type Issued } from '../support/machine-texts.ts';
import { type RunningEdge, runEdge } from '../support/running-edge.ts';

export const KERNEL = 'flatcar_production_pxe.vmlinuz';
export const INITRD = 'flatcar_production_pxe_image.cpio.gz';

interface Guest {
  readonly id: string;
  /** Where it boots from, as a guest sees it. */
  readonly script: string;
  /** For its disk. */
  readonly folder: string;
}

export interface GuestEdge {
  readonly edge: RunningEdge;
  readonly proxy: FaultProxy;
  /** Makes a machine of profile `web`, or of `profiles`, whose user data is `body`; `query` has what else there is to say. */
  machine(query?: string, body?: string, profiles?: string): Promise<Guest>;
  /** A folder of this name, and the URL of `path` as a guest sees it. */
  guest(name: string, url: string): Guest;
  stop(): Promise<void>;
}

/** Opens it with releases upstream, of which `mirrored` are mirrored; the first is current. */
export async function openGuestEdge(
  parts: DebianParts,
  {
    versions,
    mirrored,
    vars = {},
  }: { versions: readonly string[]; mirrored: readonly string[]; vars?: Record<string, string> },
): Promise<GuestEdge> {
  const edge = await runEdge({
    CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
    MIRROR: 'stable/amd64-usr',
    MIRROR_FILES: `version.txt,${KERNEL},${INITRD}`,
    ...vars,
  });
  const kernel = readFileSync(parts.kernel);
  for (const [at, version] of versions.entries())
    await edge.release(version, { [KERNEL]: kernel, [INITRD]: makeInitrd(parts, version) }, at === 0);
  for (const version of mirrored) {
    await edge.api(`/api/mirrors/stable/amd64-usr/${version}`, { method: 'PUT' });
    expect((await edge.ended(version)).state).toBe('complete');
  }
  const base = config('/etc/base-wrote', '3.3.0', { contents: { source: 'data:,from-base' } });
  expect((await edge.api('/api/profiles/web/base', { method: 'PUT', body: base })).status).toBe(200);
  const proxy = await startFaultProxy(Number(new URL(edge.url).port));
  let count = 0;
  const guest = (id: string, url: string): Guest => {
    const folder = join(edge.folder, id);
    mkdirSync(folder);
    return { id, folder, script: `http://10.0.2.2:${proxy.port}${new URL(url).pathname}` };
  };
  const user = config('/etc/user-wrote', '3.3.0', { contents: { source: 'data:,from-user' } });
  return {
    edge,
    proxy,
    guest,
    machine: async (query = '', body = user, profiles = 'web') => {
      count += 1;
      const id = `vm-${count}`;
      const path = `/api/machines/${id}?profiles=${profiles}&kernel_arg=console=ttyS0&kernel_arg=flatcar.oem.id=qemu${query}`;
      const issued = (await (await edge.api(path, { method: 'PUT', body })).json()) as Issued;
      return guest(id, issued.urls.ipxe);
    },
    stop: async () => {
      await proxy.close();
      await edge.stop();
    },
  };
}
