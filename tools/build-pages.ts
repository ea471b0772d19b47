/**
 * Builds what the pages are made of into dist/pages, unless everything that goes into them is as it was. wrangler runs this before each
 * start and deployment and at every save of a source (`[build]`), so the usual answer, that nothing has changed, loads no library.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const out = join('dist', 'pages');
const record = join(out, 'record.json');
/** These go into the pages too, though no file imports them: the versions of the libraries, and what esbuild reads by itself. */
const UNNAMED = ['package.json', 'package-lock.json', 'tsconfig.json', 'src/console/tsconfig.json'];

/** What a build has read and written, by path and hash. */
interface Record {
  readonly isReadable: boolean;
  readonly files: Readonly<{ [path: string]: string }>;
}

const hashOf = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
const hashOfFile = (path: string): string => hashOf(readFileSync(join(root, path)));

/** True if the last build read the very files that are there, and what it wrote is there as well. */
function isUpToDate(isReadable: boolean): boolean {
  try {
    const last = JSON.parse(readFileSync(join(root, record), 'utf8')) as Record;
    return (
      last.isReadable === isReadable && Object.entries(last.files).every(([path, hash]) => hashOfFile(path) === hash)
    );
  } catch {
    // No record, or a file of it has gone.
    return false;
  }
}

/** A file appears whole or not at all, for a server that starts meanwhile. */
function write(path: string, text: string): void {
  const beside = join(root, `${path}.${process.pid}`);
  writeFileSync(beside, text);
  renameSync(beside, join(root, path));
}

/** Builds everything or nothing. While somebody develops (`PAGES=readable`), names and lines stay as they are written. */
export async function buildPages(): Promise<void> {
  const isReadable = process.env['PAGES'] === 'readable';
  if (isUpToDate(isReadable)) return;
  const started = Date.now();
  const { pageTexts } = await import('./page-texts.ts');
  const { texts, sources } = await pageTexts(isReadable);
  const read = [...sources, ...UNNAMED];
  const files = Object.fromEntries(read.map((path) => [path, hashOfFile(path)]));
  mkdirSync(join(root, out), { recursive: true });
  for (const [name, text] of Object.entries(texts)) {
    const path = join(out, name);
    write(path, text);
    files[path] = hashOf(text);
  }
  // A file that was saved meanwhile may have been read before that: then the next build must not rely on this one.
  const isSettled = read.every((path) => statSync(join(root, path)).mtimeMs < started);
  if (isSettled) write(record, JSON.stringify({ isReadable, files } satisfies Record, null, 1));
  else rmSync(join(root, record), { force: true });
}

if (process.argv[1] === import.meta.filename) await buildPages();
