/** The commands about configs. They need no service: they are the same code that the service runs. */
import type { ArgsDef } from 'citty';
import { readFormat, transpile as transpileText } from '../../configs/formats.ts';
import { merge as mergeTexts, validate as validateText } from '../../configs/inspect.ts';
import { readUserData, userDataProblem } from '../../configs/user-data.ts';
import { type Reader, readerNamed, readerOfRelease } from '../../ignition/reader.ts';
import { COMMON, command } from '../command.ts';
import { EXIT, Stop, type Terminal } from '../terminal.ts';

const LIMIT = 8 * 1024 * 1024;
const FILE = {
  file: { type: 'positional', description: 'the config; - for the standard input', required: true },
} as const;
const ENGINE = {
  engine: {
    type: 'enum',
    options: ['ignition', 'legacy'],
    description: 'the rules by which layers merge',
    default: 'ignition',
  },
} as const satisfies ArgsDef;

interface Said {
  readonly severity: string;
  readonly layer?: string;
  readonly path: string;
  readonly message: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

const lineOf = (file: string, { severity, layer, path, message, line, column }: Said): string =>
  `${file}${line === undefined ? '' : `:${line}:${column ?? 1}`}: ${severity}: ${layer === undefined ? '' : `${layer}: `}${path}: ${message}\n`;

async function textIn(terminal: Terminal, file: string) {
  const read = await readUserData(await terminal.read(file), LIMIT);
  if (!read.ok) throw new Stop(`${file}: ${userDataProblem(read.error)}`, EXIT.refused);
  return read.value;
}

/** Returns the text as Ignition reads it: Butane and Container Linux Configs are transpiled first. */
async function ignitionIn(terminal: Terminal, file: string): Promise<string> {
  const data = await textIn(terminal, file);
  const written = readFormat(data, { format: undefined, platform: '', lenient: false });
  if (written.ok) return written.value.text;
  const { error } = written;
  throw new Stop(`${file}: ${error.reason === 'untranspilable' ? error.error : error.message}`, EXIT.refused);
}

export const validate = command(
  'check a config as Ignition does; exit 1 where it is not valid',
  {
    ...{ ...COMMON, ...FILE, ...ENGINE },
    release: { type: 'string', description: 'as the Ignition of this release reads it, such as 4593.2.5' },
    ignition: { type: 'string', description: 'as this version of Ignition reads it, such as 2.24.0' },
  },
  async ({ args, terminal, show }) => {
    const { file, release, ignition } = args;
    const data = await textIn(terminal, file);
    const isButane =
      data.kind === 'none' || data.text.trimStart().startsWith('{') ? undefined : await asButane(terminal, file);
    const text = isButane ?? data.text;
    const report = validateText(text, engineOf(args.engine), data.notes, readerFor(release, ignition));
    show(
      report,
      () =>
        `${report.entries.map((entry) => lineOf(file, entry)).join('')}${file}: ${report.valid ? `valid, Ignition ${report.version ?? ''}` : `not valid: ${report.error ?? ''}`}\n`,
    );
    if (!report.valid) throw new Stop(`${file} is not valid`, EXIT.refused);
  },
);

/** Returns the Ignition config that a Butane config makes; `undefined` for another text. */
async function asButane(terminal: Terminal, file: string): Promise<string | undefined> {
  const data = await textIn(terminal, file);
  const written = readFormat(data, { format: undefined, platform: '', lenient: false });
  if (written.ok) return written.value.source === null ? undefined : written.value.text;
  const { error } = written;
  if (error.reason !== 'untranspilable') return undefined;
  throw new Stop(
    [...error.entries.map((entry) => lineOf(file, entry).trimEnd()), `${file}: ${error.error}`].join('\n'),
    EXIT.refused,
  );
}

const engineOf = (text: string | undefined): 'ignition' | 'legacy' => (text === 'legacy' ? 'legacy' : 'ignition');

function readerFor(release: string | undefined, ignition: string | undefined): Reader | undefined {
  if (ignition !== undefined) {
    const named = readerNamed(ignition);
    if (!named.ok) throw new Stop(`--ignition ${ignition} is no version of Ignition`, EXIT.usage);
    return named.value;
  }
  if (release === undefined) return undefined;
  if (!/^\d{1,6}\.\d{1,4}\.\d{1,4}$/.test(release)) throw new Stop(`--release ${release} is no release`, EXIT.usage);
  return readerOfRelease(release);
}

export const merge = command(
  'merge CHILD into PARENT as Ignition does',
  {
    ...{ ...COMMON, ...ENGINE },
    parent: { type: 'positional', description: 'the config that is merged into', required: true },
    child: { type: 'positional', description: 'the config that goes over it', required: true },
  },
  async ({ args, terminal }) => {
    const [parent, child] = [await ignitionIn(terminal, args.parent), await ignitionIn(terminal, args.child)];
    const merged = mergeTexts(JSON.stringify({ parent, child, engine: engineOf(args.engine) }));
    if (!merged.ok) {
      const entries = (merged.error.members?.['entries'] ?? []) as Said[];
      throw new Stop(
        [
          ...entries.map((entry) => lineOf(args[entry.layer === 'child' ? 'child' : 'parent'], entry).trimEnd()),
          merged.error.detail,
        ].join('\n'),
        EXIT.refused,
      );
    }
    const { config, entries } = merged.value;
    for (const entry of entries) terminal.tell(lineOf('merged', entry));
    terminal.out(`${JSON.stringify(args.json === true ? merged.value : config, null, 2)}\n`);
  },
);

export const transpile = command(
  'turn Butane or a Container Linux Config into Ignition',
  {
    ...{ ...COMMON, ...FILE },
    from: { type: 'enum', options: ['butane', 'ct'], description: 'what it is written in', default: 'butane' },
    platform: { type: 'string', description: 'for the dynamic data of ct' },
    strict: { type: 'boolean', description: 'any warning is an error' },
  },
  async ({ args, terminal }) => {
    const { file, from, platform = '', strict = false } = args;
    const { text, files } = await textIn(terminal, file);
    const made = transpileText(text, from === 'ct' ? 'ct' : 'butane', { strict, platform, files });
    const { entries } = made.ok ? made.value : made.error;
    for (const entry of entries) terminal.tell(lineOf(file, entry));
    if (!made.ok) throw new Stop(`${file}: ${made.error.error}`, EXIT.refused);
    terminal.out(`${JSON.stringify(args.json === true ? made.value : made.value.config, null, 2)}\n`);
  },
);
