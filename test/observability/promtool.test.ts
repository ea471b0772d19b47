/** The metrics and the alert rules as Prometheus' own tool reads them, where it is installed (Debian: prometheus). */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeEdge } from '../support/node-edge.ts';

const isInstalled = spawnSync('promtool', ['--version']).status === 0;
if (!isInstalled) console.log('promtool is not installed: its checks are left out');
const folder = join(import.meta.dirname, '..', '..', 'docs', 'observability');
const RULES = join(folder, 'flatcar-edge.rules.yml');

async function metrics(): Promise<string> {
  const edge = await nodeEdge();
  await edge.mirror('4593.2.5');
  await edge.call('PUT', '/api/profiles/web/base', '{"ignition":{"version":"3.3.0"}}');
  const made = await edge.call('PUT', '/api/machines/vm?profile=web', '');
  const { urls } = await made.json<{ urls: { ignition: string } }>();
  await edge.fetchUrl(urls.ignition);
  await edge.settle();
  await edge.fetch('/stable/amd64-usr/current/version.txt');
  await edge.settle();
  return await (await edge.call('GET', '/api/metrics')).text();
}

describe('the metrics', () => {
  it('count requests, and say how long they took, by route', async () => {
    const text = await metrics();
    expect(text).toMatch(/^flatcar_edge_boots_total\{what="ignition",outcome="served",profile="web"\} 1$/m);
    expect(text).toMatch(/^flatcar_edge_requests_total\{route="\/api\/machines\/:id",method="PUT",status="2xx"\} 1$/m);
    const buckets = [
      ...text.matchAll(
        /^flatcar_edge_request_duration_seconds_bucket\{route="\/api\/machines\/:id",le="([^"]+)"\} (\d+)$/gm,
      ),
    ];
    expect(buckets.map(([, le]) => le)).toEqual(['0.005', '0.025', '0.1', '0.25', '1', '2.5', '10', '+Inf']);
    expect(buckets.map(([, , count]) => Number(count))).toEqual(buckets.map(([, , count]) => Number(count)).toSorted());
    expect(buckets.at(-1)?.[2]).toBe('1');
  });

  it.skipIf(!isInstalled)('please promtool, which has nothing to remark', async () => {
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: await metrics(), encoding: 'utf8' });
    expect([checked.status, checked.stdout, checked.stderr]).toEqual([0, '', '']);
  });
});

/** What each alert is about, as series of an hour by the minute. */
const FIRES: Readonly<Record<string, readonly (readonly [series: string, values: string])[]>> = {
  FlatcarEdgeFileRefused: [
    ['flatcar_edge_verification_failures_total{source="mirror",reason="bad-signature"}', '0x30 1x30'],
  ],
  FlatcarEdgeMachinesGetNoConfig: [
    ['flatcar_edge_boots_total{what="ignition",outcome="invalid",profile="web"}', '0+1x60'],
  ],
  FlatcarEdgeMirrorJobFailed: [['flatcar_edge_mirror_jobs{state="failed"}', '1x60']],
  FlatcarEdgeUpstreamSilent: [['flatcar_edge_upstream_seen_timestamp_seconds{entry="stable/amd64-usr"}', '-7200x60']],
  FlatcarEdgeSigningKeyEnds: [['flatcar_edge_signing_key_expiry_timestamp_seconds{fingerprint="A"}', '86400x60']],
  FlatcarEdgeNoSigningKey: [['flatcar_edge_info{version="1"}', '1x60']],
  FlatcarEdgeErrors: [
    ['flatcar_edge_requests_total{route="/healthz",status="5xx"}', '0+1x60'],
    ['flatcar_edge_requests_total{route="/healthz",status="2xx"}', '0+3x60'],
  ],
  FlatcarEdgeNotScraped: [['up', '1x60']],
};

describe('the alert rules', () => {
  const names = [...readFileSync(RULES, 'utf8').matchAll(/alert: (\w+)/g)].map(([, name = '']) => name);

  it('are all tried here, and name metrics that are there', async () => {
    expect(names).toEqual(Object.keys(FIRES));
    const text = await metrics();
    const told = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name = '']) => name));
    for (const file of [RULES, join(folder, 'grafana.json')])
      for (const [name] of readFileSync(file, 'utf8').matchAll(/flatcar_edge_\w+/g)) {
        const metric = name.replace(/_(bucket|sum|count)$/, '');
        // These have samples only once there is something to tell.
        const isQuiet = /verification_failures|mirror_bytes|signing_key_expiry|upstream_seen/.test(metric);
        expect(isQuiet || told.has(metric), `${file}: ${name}`).toBe(true);
      }
  });

  it.skipIf(!isInstalled).each(names)('%s fires when it should', (name) => {
    const work = mkdtempSync(join(tmpdir(), 'flatcar-edge-rules-'));
    const series = (FIRES[name] ?? []).map(
      ([text, values]) => `      - series: '${text}'\n        values: '${values}'`,
    );
    const file = join(work, 'rules.test.yml');
    writeFileSync(
      file,
      [
        `rule_files: ['${RULES}']`,
        'evaluation_interval: 1m',
        'tests:',
        '  - interval: 1m',
        '    input_series:',
        ...series,
        '    promql_expr_test:',
        `      - expr: count(ALERTS{alertname="${name}",alertstate="firing"}) > bool 0`,
        '        eval_time: 55m',
        "        exp_samples: [{ labels: '{}', value: 1 }]",
      ].join('\n'),
    );
    try {
      expect(execFileSync('promtool', ['test', 'rules', file], { encoding: 'utf8' })).toContain('SUCCESS');
    } finally {
      rmSync(work, { recursive: true });
    }
  });
});
