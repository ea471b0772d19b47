/** The house of docs/architecture.md: rooms, arrows between them, and what may be touched where. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('env.d.ts'))
  .map((name) => name.replaceAll('\\', '/'));
const textOf = (name: string) => readFileSync(join(root, 'src', name), 'utf8');

/** Who may import whom; every room may import `shared` and itself. docs/architecture.md shows this table. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  access: [],
  announcements: [],
  signing: [],
  releases: ['signing'],
  mirror: ['releases', 'signing'],
  ignition: [],
  butane: ['ignition'],
  configs: ['butane', 'ignition'],
  machines: ['configs', 'butane', 'ignition', 'releases'],
  api: ['access', 'announcements', 'sysexts', 'machines', 'mirror', 'releases', 'configs', 'observability'],
  updates: ['releases'],
  sysexts: ['mirror', 'releases', 'signing'],
  pages: ['mirror', 'releases', 'signing'],
  observability: ['machines', 'mirror', 'releases', 'signing'],
  console: ['api', 'configs', 'butane', 'ignition'],
  cli: ['api', 'configs', 'ignition'],
};

/** The folders of a room from the lowest to the highest (`.`: the files beside them); a folder may import those before it. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  releases: ['.', 'store', 'upstream', 'pass-through', 'serve', 'derived'],
  mirror: ['store', 'told', 'aliases', 'copy', 'unpack', '.', 'api'],
  machines: ['records', 'layers', 'boot', '.', 'checks', 'fleets', 'gate', 'api'],
  butane: ['yaml', '.', 'butane', 'ct'],
  api: ['contract', '.'],
  console: [
    'client',
    'widgets',
    'editor',
    'plots',
    'machines',
    'profiles',
    'releases',
    'fleets',
    'access',
    'announcements',
    'overview',
    '.',
  ],
};

/** Runs in the browser, not in the Worker: it has the browser's own clock and network. */
const isForBrowser = (name: string): boolean => name.startsWith('console/');
/** The program of the command line has the process, its files and its network. */
const isProgram = (name: string): boolean => name === 'cli/main.ts';

const roomOf = (name: string): string => (name.includes('/') ? (name.split('/')[0] ?? '') : 'root');
const importsOf = (name: string): string[] =>
  [...textOf(name).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
const localImports = (name: string): string[] =>
  importsOf(name)
    .filter((path) => path.startsWith('.'))
    .map((path) => posix.join(posix.dirname(name), path));

describe('the arrows', () => {
  it.each(sources.filter((name) => roomOf(name) !== 'root'))('%s imports only what lies below it', (name) => {
    const room = roomOf(name);
    const allowed = new Set([room, 'shared', ...(ARROWS[room] ?? [])]);
    for (const path of localImports(name)) expect(allowed, `${name} imports ${path}`).toContain(roomOf(path));
    if (room === 'machines') {
      for (const path of localImports(name)) if (roomOf(path) === 'releases') expect(path).toBe('releases/model.ts');
    }
  });

  it.each(sources.filter((name) => roomOf(name) in FOLDERS))('%s imports no folder above its own', (name) => {
    const room = roomOf(name);
    const order = FOLDERS[room] ?? [];
    const folderOf = (path: string) => path.split('/').slice(1, -1)[0] ?? '.';
    for (const path of localImports(name).filter((imported) => roomOf(imported) === room))
      expect(order.slice(0, order.indexOf(folderOf(name)) + 1), `${name} imports ${path}`).toContain(folderOf(path));
  });

  it('are the ones that docs/architecture.md shows', () => {
    const rows = Object.entries(ARROWS).map(([room, below]) => {
      const folders = FOLDERS[room]?.map((folder) => (folder === '.' ? `(${room})` : folder)).join(' → ') ?? '';
      return `| \`${room}\` | ${below.map((other) => `\`${other}\``).join(', ')} | ${folders} |`;
    });
    const table = ['| room | imports, besides `shared` | its folders, lowest first |', '|---|---|---|', ...rows].join(
      '\n',
    );
    expect(readFileSync(join(root, 'docs', 'architecture.md'), 'utf8')).toContain(table);
  });

  it('no folder of the house is imported by what is neither source nor test', () => {
    const filesIn = (folder: string) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
    const wrong: string[] = [];
    for (const [folder, forbidden] of [
      ['src', /^(test|tools)\//],
      ['tools', /^test\//],
    ] as const) {
      for (const name of filesIn(folder)) {
        const text = readFileSync(join(root, folder, name), 'utf8');
        for (const [, path = ''] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
          const target = posix.join(folder, posix.dirname(name.replaceAll('\\', '/')), path);
          if (forbidden.test(target)) wrong.push(`${folder}/${name} imports ${target}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('what runs in the browser imports libraries of the browser, the typed client, and of the Worker only the engines', () => {
    for (const name of sources.filter(isForBrowser)) {
      for (const path of importsOf(name).filter((imported) => !imported.startsWith('.')))
        expect(path, name).toMatch(/^(preact|diff|uplot)(\/|$)|^@(codemirror|lezer)\//);
      // The engines are loaded apart, into a worker of the page.
      const isEngine = name === 'console/editor/report.ts';
      for (const path of localImports(name))
        expect(
          isForBrowser(path) ||
            ['api/api-client.ts', 'shared/result.ts'].includes(path) ||
            (isEngine && ['configs', 'butane', 'ignition'].includes(roomOf(path))),
          `${name} imports ${path}`,
        ).toBe(true);
    }
  });

  it('every room is one that the house knows', () => {
    const rooms = new Set(sources.map(roomOf));
    for (const room of rooms) expect([...Object.keys(ARROWS), 'root']).toContain(room);
  });

  it('the pure rooms import nothing but what they are allowed', () => {
    const allowed: Record<string, RegExp> = {
      ignition: /^(zod|\.\.?\/)/,
      butane: /^(zod|yaml|\.\.?\/)/,
    };
    for (const name of sources) {
      const pattern = allowed[roomOf(name)];
      if (!pattern) continue;
      for (const path of importsOf(name)) expect(path, name).toMatch(pattern);
      for (const path of localImports(name))
        if (roomOf(path) === 'shared') expect(path).toMatch(/^shared\/(result|lazily)\.ts$/);
    }
  });
});

describe('what is touched where', () => {
  const bindingTypes =
    /\b(R2Bucket|R2Object\w*|KVNamespace|WorkflowEntrypoint|Workflow\b|env\.(RELEASES|MACHINES|MIRROR_RELEASE|DELIVER_ANNOUNCEMENTS|LOOK_AT_RELEASE|METRICS))/;
  it.each(sources)('%s', (name) => {
    const isBindingFile =
      /^(index|app|app-rooms|app-parts|routes)\.ts$|^observability\/observer\.ts$|^shared\/r2-documents\.ts$|\/(bucket|kv)\.ts$|^machines\/records\/(composed|handed|identities|served)\.ts$|^(announcements|mirror|machines\/(checks|gate)|shared\/dry-run)\/workflow\.ts$/.test(
        name,
      );
    const code = textOf(name).replace(/\/\*[\s\S]*?\*\/|\/\/.*|'[^'\n]*'|`[^`]*`/g, '');
    if (!isBindingFile) expect(code, 'bindings').not.toMatch(bindingTypes);
    const mayUseHono =
      /^(app|routes|routes-calls)\.ts$|^shared\/http\/call\.ts$|^api\/contract\/document\.ts$|\/routes[^/]*\.ts$/.test(
        name,
      ) || roomOf(name) === 'pages';
    if (!mayUseHono) expect(importsOf(name).join(), 'hono').not.toMatch(/hono/);
    const mayUseClock = /^(index|app)\.ts$|^shared\/platform\.ts$/.test(name) || isForBrowser(name) || isProgram(name);
    if (!mayUseClock)
      expect(code, 'clock, chance and network come from the platform').not.toMatch(
        /\bDate\.now\(|Math\.random\(|\bsetTimeout\(|(?<![.\w])fetch\(/,
      );
  });
});

describe('the files', () => {
  it.each(sources)('%s stays under 300 lines and begins by saying what it knows', (name) => {
    expect(textOf(name).split('\n').length).toBeLessThanOrEqual(300);
    expect(
      textOf(name)
        .replace(/^#!.*\n/, '')
        .trimStart(),
    ).toMatch(/^\/\*\*/);
    expect(name).not.toMatch(/(^|\/)(utils?|helpers?|types|constants|common|misc|index)(\.ts|\/)(?<!^index\.ts)/);
  });

  it('a docstring stands above every exported function', () => {
    const bare: string[] = [];
    for (const name of sources) {
      const lines = textOf(name).split('\n');
      for (const [index, line] of lines.entries()) {
        if (!/^export (async )?function/.test(line)) continue;
        if (!lines[index - 1]?.trim().endsWith('*/')) bare.push(`${name}: ${line}`);
      }
    }
    expect(bare).toEqual([]);
  });

  it('leave it to package.json to say the version', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(textOf('version.ts')).toContain("from '../package.json'");
    for (const name of sources) expect(textOf(name), name).not.toMatch(new RegExp(`['"\`]${version}['"\`]`));
    expect(readFileSync(join(root, 'wrangler.toml'), 'utf8')).not.toContain(`"${version}"`);
  });

  it('hold no key of R2 that docs/storage.md does not list', () => {
    const storage = readFileSync(join(root, 'docs', 'storage.md'), 'utf8');
    for (const name of sources.filter((path) => /(bucket|keys)\.ts$/.test(path))) {
      for (const [, prefix] of textOf(name).matchAll(/[`']([a-z]+)\/\$\{/g))
        expect(storage, relative(root, name)).toContain(`${prefix}/`);
    }
  });
});
