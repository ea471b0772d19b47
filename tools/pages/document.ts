/** The pages that are fixed: the API document for programs and for people, the console's page, and the calls that the console's client knows. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { contract } from '../../src/api/contract/contract.ts';
import { apiDocument } from '../../src/api/contract/document.ts';
import { consolePage } from '../../src/pages/console-page.ts';
import { apiPage } from '../../src/pages/docs/api-page.ts';

const packageFile = join(dirname(dirname(import.meta.dirname)), 'package.json');

/** By their paths, from the root. */
export function documentTexts(): Readonly<Record<string, string>> {
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const document = apiDocument(version);
  const calls = Object.entries(contract).map(([name, { method, path }]) => [name, { method, path }]);
  return {
    'public/api/openapi.json': JSON.stringify(document),
    'public/api/docs.html': String(apiPage(document)),
    'public/console.html': String(consolePage()),
    'dist/pages/calls.json': JSON.stringify(Object.fromEntries(calls)),
  };
}
