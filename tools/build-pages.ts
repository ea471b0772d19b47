/**
 * What the pages are made of, into dist/pages: the console and the scripts bundled by esbuild, the style, the API document and its
 * page. wrangler runs this by itself (`[build]`), and the tests do before they begin.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { contract } from '../src/api/contract/contract.ts';
import { apiDocument } from '../src/api/contract/document.ts';
import { apiPage } from '../src/pages/docs/api-page.ts';
import { VERSION } from '../src/version.ts';

const root = dirname(import.meta.dirname);
const out = join(root, 'dist', 'pages');

/** A source of src as the browser gets it. */
async function bundled(source: string): Promise<string> {
  const calls = Object.fromEntries(
    Object.entries(contract).map(([name, { method, path }]) => [name, { method, path }]),
  );
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src', source)],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
    define: { CALLS: JSON.stringify(calls) },
  });
  return outputFiles[0]?.text ?? '';
}

/** Builds everything; a file appears whole or not at all, for a server that starts meanwhile. */
export async function buildPages(): Promise<void> {
  const document = apiDocument(VERSION);
  const pages: Record<string, string> = {
    'console.js.txt': await bundled('console/main.tsx'),
    'copy.js.txt': await bundled('console/copy.ts'),
    'style.css.txt': await bundled('pages/style/style.css'),
    'openapi.json.txt': JSON.stringify(document),
    'api-docs.html.txt': String(apiPage(document)),
  };
  mkdirSync(out, { recursive: true });
  for (const [name, text] of Object.entries(pages)) {
    const beside = join(out, `.${name}.${process.pid}`);
    writeFileSync(beside, text);
    renameSync(beside, join(out, name));
  }
}

if (process.argv[1] === import.meta.filename) await buildPages();
