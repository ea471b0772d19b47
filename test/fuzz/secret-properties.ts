/** Parsers that stand between a stranger and what is not for him: capabilities, operator tokens, webhooks, calls. */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect } from 'vitest';
import { isOperator, tokenIn } from '../../src/access/operator.ts';
import { parseConfig } from '../../src/config.ts';
import { machineParams, machineQuery, tokenBody } from '../../src/machines/api/call-requests.ts';
import { Capabilities } from '../../src/machines/boot/capability.ts';
import { mirrorParams, pinBody } from '../../src/mirror/api/call-shapes.ts';
import { readGithub, readRelease } from '../../src/mirror/webhook.ts';
import { expositionText, labelsOf, seriesName } from '../../src/observability/prometheus.ts';
import { makeCatalogue } from '../../src/releases/catalogue.ts';
import type { Alias } from '../../src/releases/model.ts';
import { parseUpstreamTemplate } from '../../src/releases/upstream/url-template.ts';
import { checkShape } from '../../src/shared/http/api.ts';
import { anyText, type Fuzzed, fuzzed, mutated, nearText } from './near-text.ts';

const SECRET = 'a-secret-of-at-least-thirty-two-bytes';
const TOKEN = 'operator-token-of-at-least-32-bytes';
/** No message of ours holds it by chance. */
const MARK = '§secret§';
const RULES = {
  catalogue: makeCatalogue(
    ['stable', 'beta'],
    ['amd64-usr'],
    [{ channel: 'stable', board: 'amd64-usr', alias: 'current' as Alias }],
  ),
  webhookSecrets: [SECRET],
};
const capabilities = new Capabilities([SECRET]);
const minted = fc.constant(
  await capabilities.mint({ machine: 'vm.with.dots', epoch: 'epoch', nonce: 'nonce', expiry: 0 }),
);
const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const body = fc.oneof(
  fc.json(),
  fc
    .record({
      channel: fc.constantFrom('stable', 'beta', 'none'),
      version: fc.constantFrom('1.2.3', '1.1.3', 'x'),
      board: fc.constantFrom('amd64-usr', 'x'),
    })
    .map((value) => JSON.stringify(value)),
  fc
    .record({
      action: fc.constantFrom('published', 'created'),
      release: fc.record({ tag_name: nearText(['stable-', '1.2.3', 'beta-', '-']), draft: fc.boolean() }),
    })
    .map((value) => JSON.stringify(value)),
  fc.string(),
);
const headerSafe = (text: string) => text.replace(/[^\x20-\x7e]/g, '');

export const secretProperties: readonly Fuzzed[] = [
  fuzzed('capabilities that were minted', fc.tuple(name, fc.nat(9_999_999)), async ([machine, expiry]) => {
    const capability = { machine, epoch: 'e_-9', nonce: 'n', expiry };
    expect(await capabilities.read(await capabilities.mint(capability))).toEqual(capability);
  }),
  fuzzed('capabilities that were not', fc.tuple(mutated(minted), minted), async ([text, original]) => {
    if (text !== original) expect(await capabilities.read(text)).toBeUndefined();
  }),
  fuzzed(
    'operator tokens',
    nearText(['Bearer ', 'bearer ', TOKEN, ' ', 'Basic ', TOKEN.slice(1)], 4),
    async (header) => {
      if (await isOperator(tokenIn(header) ?? '', [TOKEN]))
        expect(header).toMatch(new RegExp(`^Bearer ${TOKEN}$`, 'i'));
    },
  ),
  fuzzed(
    'GitHub webhooks',
    fc.tuple(body, fc.boolean(), nearText(['release', 'ping', 'push'], 1)),
    async ([text, isSigned, event]) => {
      const signature = isSigned ? `sha256=${createHmac('sha256', SECRET).update(text).digest('hex')}` : 'sha256=00';
      const headers = new Headers({ 'x-hub-signature-256': signature, 'x-github-event': headerSafe(event) });
      const read = await readGithub(text, headers, RULES);
      if (!isSigned) expect(read).toMatchObject({ ok: false, error: { code: 'unauthorized' } });
      if (read.ok && read.value.kind === 'release') expect(read.value.pairs.length).toBeGreaterThan(0);
    },
  ),
  fuzzed(
    'release webhooks',
    fc.tuple(body, fc.boolean(), fc.integer({ min: -900, max: 900 })),
    async ([text, isSigned, late]) => {
      const at = String(Math.floor(Date.now() / 1000) - late);
      const signature = createHmac('sha256', SECRET).update(`id.${at}.${text}`).digest('base64');
      const headers = new Headers({
        'webhook-id': 'id',
        'webhook-timestamp': at,
        'webhook-signature': `v1,${isSigned ? signature : 'AAAA'}`,
      });
      const read = await readRelease(text, headers, RULES);
      // Five minutes either way, with a second for the clock that goes on.
      if (!isSigned || Math.abs(late) > 301) expect(read).toMatchObject({ ok: false, error: { code: 'unauthorized' } });
      if (read.ok && read.value.kind === 'release') expect(read.value.version.split('.')[1]).toBe('2');
    },
  ),
  fuzzed('calls', fc.anything(), (value) => {
    for (const schema of [machineParams, machineQuery, tokenBody, mirrorParams, pinBody]) {
      const checked = checkShape(schema, value);
      if (!checked.ok) for (const { field } of checked.error.errors) expect(field).not.toBe('');
    }
  }),
  fuzzed(
    'configuration',
    fc.tuple(
      fc.dictionary(
        fc.constantFrom('CHANNELS', 'BOARDS', 'MIRROR', 'MIRROR_FILES', 'MAX_FILE_BYTES', 'PUBLIC_URL', 'UPSTREAM_URL'),
        nearText(['stable', ',', '/', 'amd64-usr', 'https://', '{version}', '{file}', '9', 'true']),
      ),
      fc.string(),
    ),
    ([variables, secret]) => {
      const parsed = parseConfig({ ...variables, OPERATOR_TOKEN: `${MARK}${secret}` });
      if (parsed.ok) expect(parsed.value.catalogue.channels.length).toBeGreaterThan(0);
      // A fault names the variable and never repeats a secret.
      else for (const { message } of parsed.error) expect(message).not.toContain(MARK);
    },
  ),
  fuzzed(
    'upstream templates',
    nearText(['https://', '{channel}', '{version}', '{file}', '/', 'host', '{x}', '@', ':']),
    (text) => {
      const parsed = parseUpstreamTemplate(text);
      if (parsed.ok) expect(parsed.value).toMatch(/\{version\}/);
    },
  ),
  fuzzed('metrics', fc.tuple(fc.string(), anyText(20)), ([value, other]) => {
    const labels = { outcome: value, reason: other };
    expect(labelsOf(seriesName('a_total', labels), 'a_total')).toEqual(labels);
    const text = expositionText([{ name: 'a_total', type: 'counter', help: 'h', samples: [{ labels, value: 1 }] }]);
    expect(text.split('\n')).toHaveLength(4);
  }),
];
