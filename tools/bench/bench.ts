/**
 * `npm run bench` compares the edge with a bare Worker on the same computer. Their runs alternate, and the figures are
 * medians. It prints a table and writes tools/bench/bench.json. Every figure depends on the emulator, not on
 * Cloudflare.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { bootFigures } from './boot-figures.ts';
import { bundleFigures } from './bundle-figures.ts';
import type { Figure } from './figure.ts';
import { growthFigures } from './growth-figures.ts';
import { ignitionFigures } from './ignition-figures.ts';
import { mirrorFigures } from './mirror-figures.ts';
import { profileFigures } from './profile-figures.ts';
import { releaseFigures } from './release-figures.ts';
import { unpackFigures } from './unpack-figures.ts';

const root = dirname(dirname(import.meta.dirname));
const file = join(root, 'tools', 'bench', 'bench.json');
const GROUPS: Readonly<Record<string, () => Record<string, Figure> | Promise<Record<string, Figure>>>> = {
  bundle: () => bundleFigures(root),
  ignition: () => ignitionFigures(),
  boot: () => bootFigures(root),
  releases: () => releaseFigures(root),
  growth: () => growthFigures(root),
  mirror: () => mirrorFigures(root),
  profile: () => profileFigures(root),
  unpack: () => unpackFigures(),
};

/** `npm run bench -- NAME …` measures some groups again. The figures of the others stay as the last run wrote them. */
const chosenGroups = process.argv.slice(2);
const earlierFigures =
  chosenGroups.length === 0
    ? {}
    : (JSON.parse(readFileSync(file, 'utf8')) as { figures: Record<string, Figure> }).figures;
const figures: Record<string, Figure> = { ...earlierFigures };
for (const [name, measure] of Object.entries(GROUPS)) {
  if (chosenGroups.length > 0 && !chosenGroups.includes(name)) continue;
  console.log(name);
  Object.assign(figures, await measure());
}

for (const [name, { value, unit, goal, met, beside }] of Object.entries(figures)) {
  const verdict = goal === null ? `beside ${beside}` : `goal ${goal} ${met ? 'met' : 'MISSED'}`;
  console.log(`${name.padEnd(34)} ${value.toFixed(2).padStart(9)} ${unit.padEnd(8)} ${verdict}`);
}
const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`;
const report = { machine, date: new Date().toISOString().slice(0, 10), figures };
writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
