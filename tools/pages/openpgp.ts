/**
 * OpenPGP.js without the parts that only encrypt and decrypt: the Worker checks signatures. They are a third of the library, and the Worker
 * has a limit of size (ADR 28).
 */
import { dirname } from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = dirname(dirname(import.meta.dirname));

/** Passphrases, ciphers that nobody uses any more, and curves for a runtime whose WebCrypto has no Ed25519. */
const UNUSED = /\/(?:argon2id|legacy_ciphers|nacl-fast)(?:\.min)?\.mjs$/;

const withoutUnused: Plugin = {
  name: 'without-unused',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: 'unused' }));
    onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'export default undefined;' }));
  },
};

/** Returns the module. */
export async function openpgpText(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: "export * from 'openpgp/lightweight';", resolveDir: root },
    ...{ absWorkingDir: root, bundle: true, write: false, format: 'esm', minify: true, logLevel: 'warning' },
    ...{ platform: 'browser', target: 'es2023', legalComments: 'eof', plugins: [withoutUnused] },
  });
  return outputFiles[0]?.text ?? '';
}
