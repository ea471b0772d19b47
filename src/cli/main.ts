#!/usr/bin/env node
/** The program `flatcar-edge`: it hands the process to `run`. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { argv, env, stderr, stdin, stdout } from 'node:process';
import { run } from './run.ts';
import { EXIT, Stop, type Terminal } from './terminal.ts';

/** The version of this software. The build inserts it. */
declare const VERSION: string;

const terminal: Terminal = {
  env,
  isInteractive: stderr.isTTY === true,
  out: (text) => void stdout.write(text),
  tell: (text) => void stderr.write(text),
  read: async (path) => {
    if (path === '-') return await standardInput();
    return await readFile(path).then(
      (bytes) => Uint8Array.from(bytes),
      (cause: unknown) => {
        throw new Stop(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, EXIT.usage);
      },
    );
  },
  files: async (folder, names) => {
    const found = new Map<string, string>();
    for (const name of names) {
      const files = await readdir(join(folder, name), { withFileTypes: true }).catch(() => []);
      // A volume of Kubernetes has links.
      for (const file of files.filter((entry) => entry.isFile() || entry.isSymbolicLink()))
        found.set(`${name}/${file.name}`, await readFile(join(folder, name, file.name), 'utf8'));
    }
    return found;
  },
  write: (path, text) => writeFile(path, text, { mode: 0o600 }),
  send: (url, init) => fetch(url, init),
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

async function standardInput(): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(chunk as Uint8Array);
  return Uint8Array.from(Buffer.concat(chunks));
}

// Whoever reads the output may have enough of it, as `head` has.
for (const stream of [stdout, stderr])
  stream.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EPIPE') throw cause;
    process.exit(EXIT.done);
  });
process.exitCode = await run(argv.slice(2), terminal, VERSION);
