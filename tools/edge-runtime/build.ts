/** Builds a Worker once, by wrangler itself, for any number of local runtimes. */
import { execFile } from 'node:child_process';
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, matchesGlob } from 'node:path';
import { promisify } from 'node:util';
import type { V4ModuleDefinition, V4WorkerOptions } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';

const root = dirname(dirname(import.meta.dirname));
const wrangler = join(root, 'node_modules', 'wrangler', 'bin', 'wrangler.js');

/**
 * Fills `folder` with the very bundle that `wrangler deploy` would upload, its code in one file. The answer is the path of a file that
 * says how a runtime has to run it, as wrangler reads that from `config`: our own wrangler.toml unless told. `cwd` is where its build runs.
 */
export async function buildWorker(folder: string, config = join(root, 'wrangler.toml'), cwd = root): Promise<string> {
  await promisify(execFile)(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', '--config', config, '--outdir', folder],
    { cwd, env: { ...process.env, WRANGLER_SEND_METRICS: 'false', FORCE_COLOR: '0' } },
  );
  const { workerOptions, main = '' } = unstable_getMiniflareWorkerOptions(config);
  const { modulesRules = [], assets: _, ...facts } = workerOptions;
  const imported = readdirSync(folder).flatMap((name): V4ModuleDefinition[] => {
    const rule = modulesRules.find(({ include }) => include.some((glob) => matchesGlob(name, glob)));
    return rule === undefined ? [] : [{ type: rule.type, path: join(folder, name) }];
  });
  const modules: V4ModuleDefinition[] = [
    { type: 'ESModule', path: join(folder, `${basename(main, '.ts')}.js`) },
    ...imported,
  ];
  // Those of this build: somebody who develops beside it has others built.
  const assets = join(folder, 'public');
  cpSync(join(root, 'public'), assets, { recursive: true });
  const worker: V4WorkerOptions = {
    ...{ ...facts, modules, modulesRoot: folder },
    // The static files by a service of the runtime. wrangler's own emulation puts another Worker in front of ours, and every
    // request would be measured through it.
    serviceBindings: { ASSETS: { disk: { path: assets, writable: false } } },
  };
  const file = join(folder, 'worker.json');
  writeFileSync(file, JSON.stringify(worker));
  return file;
}
