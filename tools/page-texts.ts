/** The texts that the pages are made of: the console and the scripts bundled by esbuild, the style, the API document and its page. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { contract } from '../src/api/contract/contract.ts';
import { apiDocument } from '../src/api/contract/document.ts';
import { apiPage } from '../src/pages/docs/api-page.ts';

const root = dirname(import.meta.dirname);

interface Bundle {
  readonly text: string;
  /** The project's own files that it was made of, from the root. */
  readonly sources: readonly string[];
}

async function bundled(source: string, options: BuildOptions): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...options,
    absWorkingDir: root,
    entryPoints: [source],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    legalComments: 'none',
    logLevel: 'warning',
  });
  // `<define:…>` is no file; the libraries are told by the lockfile.
  const sources = Object.keys(metafile.inputs).filter((path) => !/^(node_modules\/|<)/.test(path));
  return { text: outputFiles?.[0]?.text ?? '', sources };
}

/** A source of src as the browser gets it. */
function forBrowser(source: string, isReadable: boolean): Promise<Bundle> {
  const calls = Object.fromEntries(
    Object.entries(contract).map(([name, { method, path }]) => [name, { method, path }]),
  );
  return bundled(`src/${source}`, {
    minify: !isReadable,
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { CALLS: JSON.stringify(calls) },
  });
}

/** The pages' files by name, and every file of the project that had a part in them. */
export async function pageTexts(isReadable: boolean): Promise<{ texts: Record<string, string>; sources: Set<string> }> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const document = apiDocument(version);
  const [consoleScript, copyScript, style, builder] = await Promise.all([
    forBrowser('console/main.tsx', isReadable),
    forBrowser('console/copy.ts', isReadable),
    forBrowser('pages/style/style.css', isReadable),
    // Bundled for the list of its sources alone: these made the document and its page.
    bundled('tools/build-pages.ts', { platform: 'node', packages: 'external' }),
  ]);
  return {
    texts: {
      'console.js.txt': consoleScript.text,
      'copy.js.txt': copyScript.text,
      'style.css.txt': style.text,
      'openapi.json.txt': JSON.stringify(document),
      'api-docs.html.txt': String(apiPage(document)),
    },
    sources: new Set([consoleScript, copyScript, style, builder].flatMap(({ sources }) => sources)),
  };
}
