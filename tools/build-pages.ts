/**
 * Builds the static files into public/, and what the Worker takes of OpenPGP.js into dist/pages, each part only if something that goes into it has changed. wrangler runs this before
 * each start and deployment and at every save of a source (`[build]`): the usual answer, that all is as it was, loads no library.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const RECORD = 'dist/pages/record.json';
const CALLS = 'dist/pages/calls.json';
/** These go into every part, though no source imports them: what makes it, the libraries' versions, and what esbuild reads by itself. */
const UNNAMED = [
  ...['tools/build-pages.ts', 'tools/pages/bundle.ts', 'package.json', 'package-lock.json'],
  ...['tsconfig.json', 'src/console/tsconfig.json'],
];

interface Made {
  /** By the path of the file, from the root. */
  readonly texts: Readonly<Record<string, string>>;
  readonly sources: readonly string[];
}

/** By part: whether it is for somebody who develops, and every file that it was made of or that it made, with its hash. */
interface PageRecord {
  [part: string]: { readonly isReadable: boolean; readonly files: Readonly<Record<string, string>> };
}

const bundle = async (path: string, source: string, isReadable: boolean, calls?: string): Promise<Made> => {
  const { bundleForBrowser } = await import('./pages/bundle.ts');
  const { text, sources } = await bundleForBrowser(source, isReadable, calls);
  return { texts: { [path]: text }, sources };
};

const PARTS: Readonly<Record<string, (isReadable: boolean) => Promise<Made>>> = {
  document: async () => {
    const { documentTexts } = await import('./pages/document.ts');
    const { sourcesOf } = await import('./pages/bundle.ts');
    return { texts: documentTexts(), sources: await sourcesOf('tools/pages/document.ts') };
  },
  // After the document: the console's client is told the calls of the contract.
  console: async (isReadable) => {
    const made = await bundle('public/assets/console.js', 'src/console/main.tsx', isReadable, textOf(CALLS));
    return { ...made, sources: [...made.sources, CALLS] };
  },
  editor: (isReadable) => bundle('public/assets/editor.js', 'src/console/editor/code-mirror.ts', isReadable),
  engine: (isReadable) => bundle('public/assets/engine.js', 'src/console/editor/engine-worker.ts', isReadable),
  plots: (isReadable) => bundle('public/assets/plots.js', 'src/console/plots/uplot-plot.ts', isReadable),
  copy: (isReadable) => bundle('public/assets/copy.js', 'src/console/copy.ts', isReadable),
  openpgp: async () => {
    const { openpgpText } = await import('./pages/openpgp.ts');
    return { texts: { 'dist/pages/openpgp.mjs': await openpgpText() }, sources: ['tools/pages/openpgp.ts'] };
  },
  style: (isReadable) => bundle('public/assets/style.css', 'src/pages/style/style.css', isReadable),
};

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const hashOf = (path: string): string => createHash('sha256').update(textOf(path)).digest('hex');

function lastRecord(): PageRecord {
  try {
    return JSON.parse(textOf(RECORD)) as PageRecord;
  } catch {
    return {};
  }
}

/** False as well if one of the files has gone. */
function areAsRecorded(files: Readonly<Record<string, string>>): boolean {
  try {
    return Object.entries(files).every(([path, hash]) => hashOf(path) === hash);
  } catch {
    return false;
  }
}

/** A file appears whole or not at all, for a server that starts meanwhile. */
function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  // Outside public/: wrangler uploads whatever it finds there.
  const beside = join(root, 'dist', 'pages', `${basename(path)}.${process.pid}`);
  mkdirSync(dirname(beside), { recursive: true });
  writeFileSync(beside, text);
  renameSync(beside, join(root, path));
}

/** Brings everything up to date. While somebody develops (`PAGES=readable`), names and lines stay as they are written. */
export async function buildPages(): Promise<void> {
  const isReadable = process.env['PAGES'] === 'readable';
  const record = lastRecord();
  const started = Date.now();
  let isChanged = false;
  for (const [part, make] of Object.entries(PARTS)) {
    const last = record[part];
    if (last?.isReadable === isReadable && areAsRecorded(last.files)) continue;
    isChanged = true;
    const { texts, sources } = await make(isReadable);
    for (const [path, text] of Object.entries(texts)) write(path, text);
    const read = [...sources, ...UNNAMED];
    const written = Object.keys(texts);
    record[part] = { isReadable, files: Object.fromEntries([...read, ...written].map((path) => [path, hashOf(path)])) };
    // A source that was saved meanwhile may have been read before that: then the next build must not rely on this one.
    const isUnsure = read.some((path) => path !== CALLS && statSync(join(root, path)).mtimeMs >= started);
    if (isUnsure) delete record[part];
  }
  if (isChanged) write(RECORD, JSON.stringify(record, null, 1));
}

if (process.argv[1] === import.meta.filename) await buildPages();
