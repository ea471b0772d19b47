/**
 * `npm run bench`: the edge beside bare Workers that do the least for the same bytes, on one machine, interleaved, medians.
 * Prints a table and writes test/bench/bench.json. Every figure is local: the emulator sets it, not Cloudflare.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { bootFigures } from '../test/bench/boot-figures.ts';
import type { Figure } from '../test/bench/figure.ts';
import { ignitionFigures } from '../test/bench/ignition-figures.ts';
import { mirrorFigures } from '../test/bench/mirror-figures.ts';
import { releaseFigures } from '../test/bench/release-figures.ts';

const root = dirname(import.meta.dirname);
const figures: Record<string, Figure> = {
  ...ignitionFigures(),
  ...(await bootFigures(root)),
  ...(await releaseFigures(root)),
  ...(await mirrorFigures(root)),
};

for (const [name, { value, unit, goal, met, beside }] of Object.entries(figures)) {
  const verdict = goal === null ? `beside ${beside}` : `goal ${goal} ${met ? 'met' : 'MISSED'}`;
  console.log(`${name.padEnd(34)} ${value.toFixed(2).padStart(9)} ${unit.padEnd(8)} ${verdict}`);
}
const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`;
const report = { machine, date: new Date().toISOString().slice(0, 10), figures };
writeFileSync(join(root, 'test', 'bench', 'bench.json'), `${JSON.stringify(report, null, 2)}\n`);
