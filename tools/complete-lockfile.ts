/**
 * `npm run lock`, after every change of dependencies: `npm ci` refuses a lockfile that lacks a platform's optional package, and
 * `npm install` leaves out those that the registry it asked does not hold. Their versions are exact in the package that wants them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Locked {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  optionalDependencies?: Record<string, string>;
}

const file = join(dirname(import.meta.dirname), 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Locked> };

const SYSTEMS: Readonly<Record<string, string>> = {
  windows: 'win32',
  win32: 'win32',
  darwin: 'darwin',
  linux: 'linux',
  android: 'android',
  freebsd: 'freebsd',
  openharmony: 'openharmony',
};
const PROCESSORS: Readonly<Record<string, string>> = { '64': 'x64', eabi: 'arm', gnueabihf: 'arm', musleabihf: 'arm' };

let added = 0;
for (const [path, wanting] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(wanting.optionalDependencies ?? {})) {
    const known = lock.packages[`node_modules/${name}`] ?? lock.packages[`${path}/node_modules/${name}`];
    if (known !== undefined || !/^\d+\.\d+\.\d+$/.test(version)) continue;
    const words = name.split('/').at(-1)?.split('-') ?? [];
    const os = words.map((word) => SYSTEMS[word]).find((word) => word !== undefined);
    const cpu = words
      .map((word) => PROCESSORS[word] ?? (/^(x64|arm64|arm|ia32|ppc64|riscv64|s390x)$/.test(word) ? word : undefined))
      .find((word) => word !== undefined);
    if (os === undefined || cpu === undefined) throw new Error(`which platform is ${name} for?`);
    lock.packages[`node_modules/${name}`] = { version, cpu: [cpu], dev: true, optional: true, os: [os] };
    added += 1;
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
console.log(`${added} platform packages added`);
