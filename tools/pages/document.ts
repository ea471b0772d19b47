/** What comes from the contract of the API: its document, and the calls that the console's client knows. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { contract } from '../../src/api/contract/contract.ts';
import { apiDocument } from '../../src/api/contract/document.ts';

const packageFile = join(dirname(dirname(import.meta.dirname)), 'package.json');

/** Both by their names. */
export function documentTexts(): Readonly<Record<string, string>> {
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const document = apiDocument(version);
  const calls = Object.entries(contract).map(([name, { method, path }]) => [name, { method, path }]);
  return {
    'openapi.json.txt': JSON.stringify(document),
    'calls.json': JSON.stringify(Object.fromEntries(calls)),
  };
}
