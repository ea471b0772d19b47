/**
 * `npm run packages`: builds the packages that others can install, and packs them: the client with its command line, and the
 * engines of Ignition and Butane. They have no dependencies. Nothing is published. An argument names another folder than dist/packages.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import type { Call } from '../../src/api/contract/call.ts';
import { contract } from '../../src/api/contract/contract.ts';
import { clientTypes } from './client-types.ts';

const root = dirname(dirname(import.meta.dirname));
const out = process.argv[2] ?? join(root, 'dist', 'packages');
const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  license: string;
};

const CALLS = Object.fromEntries(
  Object.entries<Call>(contract).map(([name, { method, path }]) => [name, { method, path }]),
);
const DEFINES = { CALLS: JSON.stringify(CALLS), VERSION: JSON.stringify(version) };

interface Package {
  readonly name: string;
  readonly description: string;
  readonly bin?: Readonly<Record<string, string>>;
}

const PACKAGES: Readonly<Record<string, Package>> = {
  'flatcar-edge': {
    name: 'flatcar-edge',
    description: 'Client and command line of Flatcar Edge',
    bin: { 'flatcar-edge': './cli.js' },
  },
  ignition: { name: '@flatcar-edge/ignition', description: 'Validates and merges Ignition configs' },
  butane: { name: '@flatcar-edge/butane', description: 'Butane and Container Linux Configs to Ignition' },
};

async function bundle(entry: string, target: string, options: BuildOptions = {}): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile: target,
    ...{ bundle: true, format: 'esm', target: 'es2022', platform: 'neutral', mainFields: ['module', 'main'] },
    ...{ define: DEFINES, logLevel: 'warning', legalComments: 'eof' },
    ...options,
  });
}

/** The types of an engine stand in its own file, which takes no type from another one. */
function engineTypes(): void {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = ['--project', join(root, 'packages', 'tsconfig.json'), '--outDir', join(out, '.types')];
  execFileSync(process.execPath, [compiler, ...project], { stdio: 'inherit' });
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
engineTypes();
const packed: string[] = [];
for (const [folder, { name, description, bin }] of Object.entries(PACKAGES)) {
  const target = join(out, folder);
  mkdirSync(target);
  await bundle(join(root, 'packages', folder, 'index.ts'), join(target, 'index.js'));
  if (bin === undefined) cpSync(join(out, '.types', 'packages', folder, 'index.d.ts'), join(target, 'index.d.ts'));
  else {
    writeFileSync(join(target, 'index.d.ts'), clientTypes());
    await bundle(join(root, 'src', 'cli', 'main.ts'), join(target, 'cli.js'), { platform: 'node', target: 'node20' });
    chmodSync(join(target, 'cli.js'), 0o755);
  }
  const manifest = {
    ...{ name, version, description, license, type: 'module', sideEffects: false },
    exports: { '.': { types: './index.d.ts', default: './index.js' } },
    ...(bin === undefined ? {} : { bin }),
    engines: { node: '>=20' },
  };
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const file of ['README.md', '../../LICENSE'])
    cpSync(join(root, 'packages', folder, file), join(target, file.split('/').at(-1) ?? file));
  const pack = ['pack', '--json', '--pack-destination', out, '--ignore-scripts'];
  const [told] = JSON.parse(execFileSync('npm', pack, { cwd: target, encoding: 'utf8' })) as {
    filename: string;
    size: number;
  }[];
  packed.push(`${told?.filename ?? ''}  ${((told?.size ?? 0) / 1024).toFixed(0)} KiB`);
}
rmSync(join(out, '.types'), { recursive: true, force: true });
console.log(packed.join('\n'));
