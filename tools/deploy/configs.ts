/**
 * Writes the configs of a deployment's two Workers: the edge, which answers requests, and the mirror, which only runs the
 * Workflow. Both are of wrangler.toml. A limit of CPU time belongs to a Worker, and only the Workflow needs a large one.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { experimental_readRawConfig } from 'wrangler';
import { DeployFault } from './wrangler.ts';

const root = dirname(dirname(import.meta.dirname));

/** Paths of the configs. Each deployment has its own: one to staging and one to production may run at once. */
export const CONFIGS = {
  edge: join(root, `wrangler.deploy.${process.pid}.toml`),
  mirror: join(root, `wrangler.deploy.${process.pid}.mirror.json`),
} as const;

/** The platform's ceiling, in milliseconds: a step hashes a file of up to 64 GiB. */
const MIRROR_CPU_MS = 300_000;

export interface Facts {
  readonly environment: string;
  /** The name of the edge. */
  readonly worker: string;
  /** The id of the KV namespace. */
  readonly namespace: string;
  readonly jurisdiction: string | undefined;
}

/** Returns the name of the Worker that runs the Workflow of the edge `worker`. */
export const mirrorWorker = (worker: string): string => `${worker}-mirror`;

/** Writes both configs. Throws a `DeployFault` when wrangler.toml is not as this tool knows it. */
export function writeConfigs(facts: Facts): void {
  writeFileSync(CONFIGS.edge, edgeConfig(facts));
  writeFileSync(CONFIGS.mirror, mirrorConfig(facts));
}

/** Wrangler can add the id of the namespace and the jurisdiction of the bucket only to a JSON config. */
function edgeConfig({ environment, namespace, jurisdiction }: Facts): string {
  const text = readFileSync(join(root, 'wrangler.toml'), 'utf8');
  const kv = `[[env.${environment}.kv_namespaces]]\nbinding = "MACHINES"\n`;
  const r2 = `[[env.${environment}.r2_buckets]]\nbinding = "RELEASES"\n`;
  const missing = [kv, r2].find((head) => !text.includes(head));
  if (missing !== undefined)
    throw new DeployFault(`wrangler.toml has no ${missing.split('\n')[0]} as this script knows it`);
  const jurisdictionLine = jurisdiction === undefined ? '' : `jurisdiction = "${jurisdiction}"\n`;
  return text.replace(kv, `${kv}id = "${namespace}"\n`).replace(r2, `${r2}${jurisdictionLine}`);
}

interface Settings {
  readonly [name: string]: unknown;
  readonly env?: Readonly<Record<string, Settings>>;
  readonly workflows?: readonly { readonly script_name?: string }[];
}

/** Only the edge is reached from outside and by the cron, and only it has pages. */
function withoutTriggers(settings: Settings): Settings {
  return { ...settings, routes: undefined, route: undefined, triggers: undefined, assets: undefined };
}

/** The same bindings and variables, so that both see one store; no route, no URL and no cron. */
function mirrorConfig({ environment, worker }: Facts): string {
  const all = withoutTriggers(experimental_readRawConfig({ config: CONFIGS.edge }).rawConfig as Settings);
  const own = withoutTriggers(all.env?.[environment] ?? {});
  const name = mirrorWorker(worker);
  // The other Workflow needs the secrets, which this Worker does not have.
  const workflows = (own.workflows ?? []).filter(({ script_name }) => script_name !== undefined);
  if (workflows.length === 0 || workflows.some(({ script_name }) => script_name !== name))
    throw new DeployFault(`wrangler.toml: the Workflow of env.${environment} must have script_name = "${name}"`);
  const mirror = {
    ...own,
    ...{ name, workers_dev: false, preview_urls: false, limits: { cpu_ms: MIRROR_CPU_MS } },
    workflows: workflows.map(({ script_name, ...workflow }) => workflow),
  };
  return JSON.stringify({ ...all, env: { [environment]: mirror } });
}
