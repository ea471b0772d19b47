/** A cloud-config reaches its machine as coreos-cloudinit fetches it: by the command line of a boot script, or by a unit of the config. */
import { beforeEach, describe, expect, it } from 'vitest';
import { fetchUserData, urlOfUnit, urlOnLine } from '../support/cloudinit-client.ts';
import { config, type Issued } from '../support/machine-texts.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const TEXT = '#cloud-config\nhostname: a\n';
const noWait = async () => undefined;

let edge: NodeEdge;
beforeEach(async () => {
  edge = await nodeEdge();
});
const send = (url: string) => edge.fetchUrl(url);

async function booted(query: string) {
  const issued = await (await edge.call('PUT', `/api/machines/vm${query}`, TEXT)).json<Issued>();
  const line = async (url: string, pattern: RegExp) => pattern.exec(await (await send(url)).text())?.[1] ?? '';
  const ignition = await (await send(issued.urls.ignition)).json<{
    systemd?: { units: { contents: string; enabled: boolean }[] };
  }>();
  return {
    ignition,
    lines: {
      ipxe: await line(issued.urls.ipxe, /^kernel \S+ (.*) \|\|/m),
      grub: (await line(issued.urls.grub, /^ *until linux \S+ (.*?); do/m)).replaceAll("'", ''),
      pxelinux: await line(issued.urls.pxelinux, /^ *APPEND (.*)$/m),
    },
  };
}

describe.each([
  ['without a profile', ''],
  ['whose profile has a base only', '?profile=web'],
])('a cloud-config machine %s', (_name, query) => {
  beforeEach(async () => {
    await edge.call('PUT', '/api/profiles/web/base', config('/base'));
  });

  it.each(['ipxe', 'grub', 'pxelinux'] as const)('booted by %s fetches it from the command line', async (script) => {
    const { lines, ignition } = await booted(query);
    const url = urlOnLine(lines[script]);
    expect(await fetchUserData(url ?? '', send, noWait)).toBe(TEXT);
    // The unit of the config leaves it to the command line: it must not run twice.
    for (const { contents } of ignition.systemd?.units ?? [])
      expect(urlOfUnit(contents, lines[script])).toBeUndefined();
  });

  it('booted by the URL of its config alone fetches it by the unit, which asks twice', async () => {
    const { ignition } = await booted(query);
    const units = ignition.systemd?.units ?? [];
    expect(units.map(({ enabled }) => enabled)).toEqual([true]);
    const url = urlOfUnit(units[0]?.contents ?? '', 'root=LABEL=ROOT flatcar.first_boot=1') ?? '';
    for (const _time of ['is it there', 'what is it']) expect(await fetchUserData(url, send, noWait)).toBe(TEXT);
  });

  it('gets it though the stores are away for a while, and never what is not its own', async () => {
    const { lines } = await booted(query);
    let left = 6;
    const answered: number[] = [];
    const late = async (url: string) => {
      if (left > 0) {
        left -= 1;
        return new Response(null, { status: 503 });
      }
      const answer = await send(url);
      answered.push(answer.status);
      return answer;
    };
    expect(await fetchUserData(urlOnLine(lines.ipxe) ?? '', late, noWait)).toBe(TEXT);
    expect(answered).toEqual([200]);
    const { urls } = await (await edge.call('PUT', '/api/machines/vm', config('/now-ignition'))).json<Issued>();
    const asked = urls.ignition.replace(/ignition$/, 'cloud-config');
    expect((await send(asked)).status).toBe(404);
  });
});
