/** `npm run dev [-- FLAGS]`: the Worker in front of the real Flatcar hosts, with any flags of `wrangler dev`; PORT=N for another port. */
import { dirname } from 'node:path';
import { type ProcessGroup, startGroup, whenTold } from './process-group.ts';
import { QUIET, READABLE, WRANGLER } from './wrangler-dev.ts';

let group: ProcessGroup | undefined;
let isTold = false;
whenTold(() => {
  isTold = true;
  void group?.end();
});

const { PORT } = process.env;
const port = PORT === undefined ? [] : ['--port', PORT];
group = startGroup(WRANGLER, ['dev', ...READABLE.args, ...port, ...process.argv.slice(2)], {
  cwd: dirname(import.meta.dirname),
  stdio: 'inherit',
  env: { ...QUIET, ...READABLE.env },
});
const code = await group.ended;
process.exit(isTold ? 0 : (code ?? 1));
