/** Every example of the README and of docs/, run as it stands: shell by bash against a running edge, TypeScript by Node. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { transpile } from '../../src/configs/formats.ts';
import { EVENT_TYPES } from '../../src/shared/announcement.ts';
import { metadataLocation } from '../../tools/boot/ignition.ts';
import { chainScript } from '../../tools/boot/machine.ts';
import { ACCOUNT, type PlayedAccount, playAccount } from '../support/cloudflare-account.ts';
import { OPERATOR_TOKEN, type RunningEdge, runClient, runEdge } from '../support/running-edge.ts';

const root = join(import.meta.dirname, '..', '..');
const IMAGE = 'flatcar_production_image.bin.bz2';
const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const textOf = (document: string) => readFileSync(join(root, document), 'utf8');
const examplesIn = (document: string, language: string): string[] =>
  [...textOf(document).matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)]
    .filter(([, , said]) => said === language)
    .map(([, indent = '', , text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));

/** These run long or for ever; the tests that run them. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm start': 'test/conformance/start.client.test.ts',
  'npm run deploy -- --generate-secrets': 'test/conformance/deploy.client.test.ts',
};

/** What stands for the reader's own deployment, and what it is here. */
const asHere = (example: string): string =>
  example
    .replaceAll(/http:\/\/127\.0\.0\.1:8787|https:\/\/mirror\.example\.org/g, edge.url)
    .replaceAll(/local-operator-token-for-npm-start|the-token-of-your-deployment/g, OPERATOR_TOKEN)
    .replaceAll(/https:\/\/www\.flatcar\.org\/\S+\.asc/g, `${edge.upstreamUrl}/key.asc`);

let edge: RunningEdge;
let account: PlayedAccount;
let folder: string;
let env: Record<string, string>;

const put = (path: string, body: string) => edge.api(path, { method: 'PUT', body });
const mirror = async (version: string) => {
  await edge.api(`/api/mirrors/stable/amd64-usr/${version}`, { method: 'PUT' });
  expect((await edge.ended(version)).state).toBe('complete');
};
const config = (path: string) => `{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"${path}"}]}}`;

beforeAll(async () => {
  account = await playAccount();
  // What a runbook is about: a Worker that was deployed.
  account.uploads.push({ worker: 'flatcar-edge', limits: undefined, bindings: [], secrets: [] });
  edge = await runEdge({
    CAPABILITY_SECRET: 'capability-secret-of-at-least-32-bytes',
    MIRROR: 'stable/amd64-usr',
    MIRROR_FILES: `version.txt,${IMAGE}`,
    RELEASE_HOST_SUFFIX: '',
  });
  await edge.release('4593.2.4', { [IMAGE]: 200_000 }, false);
  await edge.release('4593.2.5', { [IMAGE]: 300_000 });
  await mirror('4593.2.5');
  await put('/api/profiles/web/base', config('/base'));
  await put('/api/machines/vm-1?profile=web', config('/user'));
  // The project as a clone has it, in a folder that examples may write to.
  folder = join(edge.folder, 'clone');
  mkdirSync(folder);
  for (const name of readdirSync(root)) if (!name.startsWith('.')) symlinkSync(join(root, name), join(folder, name));
  const gpgHome = join(edge.folder, 'gpg');
  mkdirSync(gpgHome, { mode: 0o700 });
  // An empty shell, of somebody who has logged in to Cloudflare: what an example uses, its document has defined before.
  env = {
    ...{ HOME: folder, GNUPGHOME: gpgHome },
    ...{ CLOUDFLARE_API_BASE_URL: account.url, CLOUDFLARE_API_TOKEN: 't', CLOUDFLARE_ACCOUNT_ID: ACCOUNT, CI: 'true' },
    PATH: `${dirname(process.execPath)}:${join(root, 'node_modules', '.bin')}:${process.env['PATH']}`,
  };
});
afterAll(async () => {
  await edge?.stop();
  await account?.close();
});

describe('every example', () => {
  it.each(documents.filter((document) => examplesIn(document, 'sh').length > 0))('of %s runs', async (document) => {
    // What a runbook is about: a release that was mirrored.
    await mirror('4593.2.4');
    const blocks = examplesIn(document, 'sh').map(asHere);
    const here = blocks.filter((block) => ELSEWHERE[block.trim()] === undefined);
    const script = ['set -euo pipefail', ...here].join('\n');
    const { code, stdout, stderr } = await runClient('bash', ['-c', script], folder, env);
    expect(`${code}\n${code === 0 ? '' : stdout + stderr}`).toBe('0\n');
  });

  it.each(documents.filter((document) => examplesIn(document, 'ts').length > 0))(
    'of %s in TypeScript runs',
    async (document) => {
      for (const [index, block] of examplesIn(document, 'ts').entries()) {
        const file = join(root, 'dist', `example-${index}.ts`);
        writeFileSync(file, asHere(block));
        const { stdout, stderr } = await runClient(process.execPath, [file], root, { ...env, OPERATOR_TOKEN });
        expect(stderr + stdout).toMatch(new RegExp(`^${edge.url}/boot/`));
      }
    },
  );

  it('shows the body of a refusal, and takes no variable from outside', () => {
    for (const document of documents) {
      for (const example of examplesIn(document, 'sh')) {
        for (const [call] of example.matchAll(/\bcurl .*/g)) expect(call, document).toContain('--fail-with-body');
      }
      const all = examplesIn(document, 'sh').join('\n');
      const used = new Set([...all.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name = '']) => name));
      for (const name of used) expect(all, `${document}: ${name}`).toMatch(new RegExp(`\\b${name}=`));
      const first = (text: string) => all.search(new RegExp(text));
      for (const name of used)
        expect(first(`\\b${name}=`), `${document}: ${name}`).toBeLessThan(first(`\\$\\{?${name}\\b`));
    }
  });

  it('of iPXE is the script that guests boot by in the tests', () => {
    const scripts = documents.flatMap((document) => examplesIn(document, 'ipxe'));
    expect(scripts).toEqual([chainScript('http://mirror.example.org/boot/CAPABILITY/ipxe')]);
  });

  it('of nginx is the location that Ignition asks in the tests', () => {
    const upstream = 'http://mirror.example.org/boot/CAPABILITY/metadata/openstack/';
    const shown = documents.flatMap((document) => examplesIn(document, 'nginx'));
    expect(shown).toEqual([metadataLocation('mirror.example.org', upstream)]);
  });

  it('of settings is a configuration, of Butane a config, and of a message one that is sent', () => {
    const settings = documents.flatMap((document) => examplesIn(document, 'toml')).join('\n');
    const named = [...settings.matchAll(/^(\w+) = "(.*)"$/gm)].map(
      ([, name = '', value = '']) => [name, value] as const,
    );
    expect(named.length).toBeGreaterThan(0);
    expect(parseConfig(Object.fromEntries(named))).toMatchObject({ ok: true });
    for (const config of documents.flatMap((document) => examplesIn(document, 'yaml')))
      expect(transpile(config, 'butane', { strict: true, platform: '' }).ok, config).toBe(true);
    for (const message of documents.flatMap((document) => examplesIn(document, 'json')))
      expect(EVENT_TYPES).toContain((JSON.parse(message) as { type: string }).type);
  });

  it('is in a language that is run, or is a diagram', () => {
    const languages = documents.flatMap((document) =>
      [...textOf(document).matchAll(/^ *```(\w*)\n/gm)].map(([, language]) => language ?? ''),
    );
    // Closing fences are matched as blocks without a language.
    expect(new Set(languages)).toEqual(new Set(['sh', 'ts', 'ipxe', 'nginx', 'toml', 'yaml', 'json', 'mermaid', '']));
    for (const [example, test] of Object.entries(ELSEWHERE)) expect(textOf(test)).toContain(example);
  });
});

describe('every document', () => {
  it.each(documents)('%s links to what is there', (document) => {
    for (const [, target = ''] of textOf(document).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g))
      expect(existsSync(join(root, dirname(document), target)), `${document}: ${target}`).toBe(true);
  });

  it('the table of attacks names tests that are there', () => {
    const rows =
      textOf('docs/security.md')
        .split('\n## Attacks')[1]
        ?.match(/^\|.*\|$/gm) ?? [];
    const named = rows
      .map((row) => row.split('|').at(-2)?.trim() ?? '')
      .filter((cell) => / /.test(cell) && !cell.endsWith('**'));
    expect(named.length).toBeGreaterThan(20);
    for (const cell of named) {
      const [, name = '', file = 'test/conformance/attacks'] = /^(.*?)(?: \((test\/[\w/-]+)\))?$/.exec(cell) ?? [];
      const texts = ['.test.ts', '.worker.test.ts', '.long.test.ts', '.client.test.ts', '.ts'].map(
        (ending) => `${file}${ending}`,
      );
      const text = texts.filter((path) => existsSync(join(root, path))).map(textOf);
      expect(text.join(), cell).toContain(name);
    }
  });

  it('a runbook fits on a screen', () => {
    for (const document of documents.filter((name) => name.startsWith('docs/runbooks/')))
      expect(textOf(document).split('\n').length, relative(root, document)).toBeLessThanOrEqual(41);
  });
});
