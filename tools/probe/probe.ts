/**
 * `npm run probe -- URL [--boot BOOT_URL] [--file /channel/board/version/name]` checks a deployed edge from outside. It
 * prints a table, and exits with 1 when a check fails. It reads a file of at most 64 MiB two and a half times.
 */
import { parseArgs } from 'node:util';
import { probe } from './checks.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { boot: { type: 'string' }, file: { type: 'string' } },
});
const url = positionals[0]?.replace(/\/+$/, '');
if (url === undefined || !URL.canParse(url) || !/^https?:/.test(url)) {
  console.error(
    'usage: npm run probe -- https://edge.example.org [--boot BOOT_URL] [--file /stable/amd64-usr/4593.2.5/name]',
  );
  process.exit(2);
}

const outcomes = await probe({ url, boot: values.boot, file: values.file });
const width = Math.max(...outcomes.map(({ check }) => check.length));
for (const { check, verdict, seen } of outcomes) console.log(`${verdict.padEnd(8)} ${check.padEnd(width)}  ${seen}`);
const failed = outcomes.filter(({ verdict }) => verdict === 'FAIL').length;
console.log(failed === 0 ? '\nall is well' : `\n${failed} of ${outcomes.length} checks failed`);
process.exit(failed === 0 ? 0 : 1);
