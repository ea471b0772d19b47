/** Lets plain Node run the code of the Worker: what wrangler imports as text, and TypeScript that is more than types. */
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';

const TEXTS = ['.txt', '.asc', '.md'];

registerHooks({
  load: (url, context, next) => {
    const text = () => readFileSync(fileURLToPath(url), 'utf8');
    const asModule = (source: string) => ({ format: 'module', source, shortCircuit: true });
    if (url.endsWith('.ts')) return asModule(stripTypeScriptTypes(text(), { mode: 'transform', sourceUrl: url }));
    if (TEXTS.some((ending) => url.endsWith(ending))) return asModule(`export default ${JSON.stringify(text())};`);
    if (url.endsWith('/package.json')) return asModule(`export const { version } = ${text()};`);
    return next(url, context);
  },
});
