/** The commands about profiles. */
import type { ArgsDef, CommandDef } from 'citty';
import type { CallAnswer } from '../../api/api-client.ts';
import { COMMON, command, DRY, group, SERVICE, table } from '../command.ts';
import { progress } from '../progress.ts';
import { EXIT, Stop, stopOf } from '../terminal.ts';
import { KERNEL, kernelArgsOf, linesOf } from './machine-writes.ts';

type Change = CallAnswer<'putProfileBase'>;

const NAME = { name: { type: 'positional', description: 'the profile', required: true } } as const;
const FORCE = {
  force: { type: 'boolean', description: 'store it though machines would not boot any more' },
  wait: { type: 'boolean', description: 'stay until every machine was looked at' },
} as const satisfies ArgsDef;

const list = command('every profile', { ...COMMON, ...SERVICE }, async ({ call, show }) => {
  const items: CallAnswer<'listProfiles'>['items'] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: CallAnswer<'listProfiles'> = await call('listProfiles', {
      query: cursor === undefined ? {} : { cursor },
    });
    items.push(...page.items);
    cursor = page.cursor;
  }
  show(items, () =>
    table([
      ['NAME', 'ENGINE', 'GENERATION', 'CHANGED'],
      ...items.map(({ name, engine, generation, updatedAt }) => [name, engine, String(generation), updatedAt]),
    ]),
  );
});

const get = command(
  'a profile with its texts',
  { ...COMMON, ...SERVICE, ...NAME },
  async ({ args: { name }, call, show }) => {
    const profile = await call('getProfile', { params: { name } });
    show(profile, () =>
      [
        table([
          ['engine', profile.engine],
          ['ignition', profile.ignition ?? '-'],
          ['cloud-init', profile.cloudInit],
          [
            'variables',
            Object.entries(profile.vars)
              .map(([name, value]) => (value === null ? `${name} (must be said)` : `${name}=${value}`))
              .join(', ') || '-',
          ],
          ['kernel arguments', profile.kernelArgs.join(' ') || '-'],
          ['generation', String(profile.generation)],
          ...Object.entries(profile.boots).map(([outcome, count]) => [`boots ${outcome}`, String(count)]),
        ]),
        ...(profile.base === null ? [] : [`base:\n${profile.base}\n`]),
        ...(profile.default === null ? [] : [`default:\n${profile.default}\n`]),
      ].join(''),
    );
  },
);

/** Returns the command that writes a layer of a profile. */
const layer = (part: 'base' | 'default') =>
  command(
    `write the ${part} of a profile (- for the standard input)`,
    {
      ...{ ...COMMON, ...SERVICE, ...DRY, ...FORCE, ...NAME },
      file: { type: 'positional', description: 'the config', required: true },
      'if-match': { type: 'string', description: 'only if it still has this ETag', valueHint: 'ETAG' },
    },
    async ({ args, client, call, terminal, show }) => {
      const ifMatch = args['if-match'] === undefined ? {} : { ifMatch: args['if-match'] };
      const answer = await client().call(part === 'base' ? 'putProfileBase' : 'putProfileDefault', {
        params: { name: args.name },
        query: {
          ...(args['dry-run'] === true ? { dry_run: '1' } : {}),
          ...(args.force === true ? { force: '1' } : {}),
        },
        body: await terminal.read(args.file),
        ...ifMatch,
      });
      if (!answer.ok) throw stopOf(answer.error);
      const change: Change = answer.value;
      if (change.change === null || args.wait !== true) {
        show(change, () => changeText(change, args.force === true));
        return;
      }
      const params = { name: args.name, change: change.change };
      const shown = progress(terminal);
      let check = await call('getProfileChange', { params });
      while (check.state === 'checking') {
        shown.show(`${check.checked} machines looked at, ${check.broken} would break`);
        await terminal.wait(2000);
        check = await call('getProfileChange', { params });
      }
      shown.end();
      const ended = check;
      show(ended, () => `${ended.state}: ${ended.detail ?? ''}\n${breaksText(ended.breaks)}`);
      if (ended.state !== 'stored') throw new Stop(`the change is ${ended.state}`, EXIT.refused);
    },
  );

function changeText(
  { name, dryRun, isChanged, checked, broken, breaks, change, cursor, warnings }: Change,
  isForced: boolean,
): string {
  const what =
    change !== null
      ? `a check of all machines goes on: flatcar-edge profile change ${name} ${change}`
      : dryRun
        ? 'dry run: nothing was stored'
        : isChanged
          ? 'stored'
          : 'nothing is different';
  // Nobody looks at a machine before a forced write: a zero would say that none is broken.
  const said = warnings.map((warning) => `warning: ${warning}\n`).join('');
  if (isForced && !dryRun && isChanged) return `${name}: ${what}; no machine was looked at (--force)\n${said}`;
  const more = cursor === null ? '' : ', and there are more';
  return `${name}: ${what}; ${checked} machines looked at${more}, ${broken} would break\n${said}${breaksText(breaks)}`;
}

const breaksText = (breaks: Change['breaks']): string =>
  breaks
    .map(({ cause, count, examples }) => `${count}  ${cause}, such as ${examples.map(({ id }) => id).join(', ')}\n`)
    .join('');

const settings = command(
  'create a profile, or change its settings',
  {
    ...{ ...COMMON, ...SERVICE, ...DRY, ...NAME },
    force: FORCE.force,
    engine: { type: 'enum', options: ['ignition', 'legacy'], description: 'the rules by which layers merge' },
    ignition: { type: 'string', description: 'the version of Ignition of its machines; none: that of their release' },
    'cloud-init': { type: 'enum', options: ['on', 'off'], description: 'whether a cloud-config is fetched by itself' },
    ...KERNEL,
    'metadata-unit': {
      type: 'enum',
      options: ['on', 'off'],
      description: 'whether its machines write their metadata to /run/metadata/flatcar',
    },
    vars: {
      type: 'string',
      description:
        'the variables that its layers may hold, as name=default, one a line; name alone: each machine must say it',
      valueHint: 'FILE',
    },
  },
  async ({ args, client, call, terminal, show }) => {
    const query = { dry_run: args['dry-run'] === true, force: args.force === true };
    const vars = await linesOf(terminal, args.vars);
    const body = {
      ...(args.engine === undefined ? {} : { engine: args.engine as 'ignition' | 'legacy' }),
      ...(args.ignition === undefined ? {} : { ignition: args.ignition === 'none' ? null : args.ignition }),
      ...(args['cloud-init'] === undefined ? {} : { cloudInit: args['cloud-init'] as 'on' | 'off' }),
      ...(args['metadata-unit'] === undefined ? {} : { metadataUnit: args['metadata-unit'] === 'on' }),
      ...(vars === undefined ? {} : { vars: Object.fromEntries(vars.map(declaredOf)) }),
      ...(args['kernel-args'] === undefined ? {} : { kernelArgs: kernelArgsOf(args['kernel-args']) ?? [] }),
    };
    const params = { name: args.name };
    const known = await client().call('getProfile', { params });
    if (!known.ok && !(known.error.reason === 'refused' && known.error.status === 404)) throw stopOf(known.error);
    const change: Change = known.ok
      ? await call('patchProfile', { params, query, body })
      : await call('putProfile', { params, query, body: { engine: 'ignition', ...body } });
    show(change, () => changeText(change, args.force === true));
  },
);

/** Returns name and default of a line. */
const declaredOf = (line: string): readonly [string, string | null] => {
  const at = line.indexOf('=');
  return at === -1 ? [line, null] : [line.slice(0, at), line.slice(at + 1)];
};

const change = command(
  'how far the check of a change has come',
  { ...COMMON, ...SERVICE, ...NAME, change: { type: 'positional', description: 'its id', required: true } },
  async ({ args: { name, change: id }, call, show }) => {
    const check = await call('getProfileChange', { params: { name, change: id } });
    show(
      check,
      () => `${check.state}: ${check.checked} looked at, ${check.broken} would break\n${breaksText(check.breaks)}`,
    );
  },
);

const rm = command(
  'delete a profile that no machine uses',
  { ...COMMON, ...SERVICE, ...DRY, ...NAME },
  async ({ args, call, show }) => {
    const done = await call('deleteProfile', {
      params: { name: args.name },
      query: args['dry-run'] === true ? { dry_run: '1' } : {},
    });
    show(done, () => `${done.dryRun ? 'dry run: ' : ''}${done.name}: deleted\n`);
  },
);

export const profile: CommandDef<ArgsDef> = group('profiles: what machines have in common', {
  ...{ list, get, set: settings, base: layer('base'), default: layer('default'), change, rm },
});
