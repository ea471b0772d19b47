/** A source of src as the browser gets it, bundled by esbuild. */
import { dirname } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const root = dirname(dirname(import.meta.dirname));

export interface Bundle {
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

/** A script or a style; `calls` is what the typed client knows of the contract. */
export function bundleForBrowser(source: string, isReadable: boolean, calls = '{}'): Promise<Bundle> {
  return bundled(source, {
    minify: !isReadable,
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { CALLS: calls },
  });
}

/** What a script that Node runs is made of. */
export async function sourcesOf(script: string): Promise<readonly string[]> {
  return (await bundled(script, { platform: 'node', packages: 'external' })).sources;
}
