/** An edge as one isolate sees it: its own caches, the test's upstream, the test file's R2 and KV. */
import { env } from 'cloudflare:workers';
import { createApp, type Runtime } from '../../src/app.ts';
import { systemPlatform } from '../../src/shared/platform.ts';
import type { UpstreamTenant } from './upstream-tenant.ts';

export interface EdgeOptions {
  readonly vars?: Readonly<Record<string, string>>;
  readonly bindings?: Partial<Pick<Env, 'RELEASES' | 'MACHINES'>>;
  readonly platform?: Partial<Runtime['platform']>;
}

export interface Edge {
  fetch(path: string, init?: RequestInit): Promise<Response>;
  fetchUrl(url: string, init?: RequestInit): Promise<Response>;
  /** Everything that was to go on after the answers. */
  settle(): Promise<void>;
  /** The wide events written so far. */
  readonly events: Record<string, unknown>[];
}

/** The common throwaway key of the release server; made once a run. */
export async function openEdge(tenant: UpstreamTenant, options: EdgeOptions = {}): Promise<Edge> {
  const key = await tenant.key({ key: 'common' });
  await tenant.put('key.asc', key.armored);
  const bindings = { RELEASES: env.RELEASES, MACHINES: env.MACHINES, ...options.bindings };
  const vars = {
    UPSTREAM_URL: tenant.template,
    SIGNING_KEY_URL: tenant.url('key.asc'),
    SIGNING_KEY_FINGERPRINTS: key.fingerprint,
    ...options.vars,
  };
  return edgeOver({ ...bindings, ...vars }, options);
}

export function edgeOver(environment: object, options: EdgeOptions = {}): Edge {
  const events: Record<string, unknown>[] = [];
  const pending: Promise<unknown>[] = [];
  const app = createApp(environment as Env, {
    platform: { ...systemPlatform, ...options.platform },
    fixedLength: (length) => new FixedLengthStream(length),
    logSink: (line) => events.push(JSON.parse(line) as Record<string, unknown>),
  });
  const context = {
    waitUntil: (work: Promise<unknown>) => pending.push(work),
    passThroughOnException: () => undefined,
    props: {},
  } as unknown as ExecutionContext;
  const fetchUrl = async (url: string, init?: RequestInit) =>
    await app.fetch(new Request(url, init), environment, context);
  return {
    events,
    fetchUrl,
    fetch: (path, init) => fetchUrl(`http://edge.test${path}`, init),
    settle: async () => {
      while (pending.length > 0) await Promise.allSettled(pending.splice(0));
    },
  };
}
