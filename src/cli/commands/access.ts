/** The commands about tokens, the audit trail and the service itself. */
import type { ArgsDef, CommandDef } from 'citty';
import type { CallAnswer } from '../../api/api-client.ts';
import { COMMON, command, DRY, group, SERVICE, table } from '../command.ts';
import { EXIT, Stop } from '../terminal.ts';

const NAME = { name: { type: 'positional', description: 'the token', required: true } } as const;

const list = command('every token, without its secret', { ...COMMON, ...SERVICE }, async ({ call, show }) => {
  const { items } = await call('listTokens', {});
  show(items, () =>
    table([
      ['NAME', 'MAY', 'PREFIX', 'ENDS', 'MADE BY'],
      ...items.map(({ name, may, prefix, expiresAt, createdBy }) => [
        name,
        may.join('+'),
        prefix ?? '-',
        expiresAt ?? 'never',
        createdBy,
      ]),
    ]),
  );
});

const create = command(
  'make a token; it is printed this once',
  {
    ...{ ...COMMON, ...SERVICE, ...DRY, ...NAME },
    may: {
      type: 'string',
      description: 'read, mirror, release, machines, profiles, secrets; several by comma',
      required: true,
    },
    prefix: { type: 'string', description: 'only machines and profiles whose names begin with it' },
    'expires-in': { type: 'string', description: 'seconds until it ends' },
    replace: { type: 'boolean', description: 'end the token that has this name now' },
  },
  async ({ args, call, show }) => {
    const { name, prefix } = args;
    const made = await call('putToken', {
      params: { name },
      query: args['dry-run'] === true ? { dry_run: '1' } : {},
      // A script that uses the token of this name would stop without a word.
      ...(args.replace === true ? {} : { ifNoneMatch: '*' }),
      body: {
        may: args.may.split(',') as CallAnswer<'getToken'>['may'],
        ...(prefix === undefined ? {} : { prefix }),
        ...(args['expires-in'] === undefined ? {} : { expiresIn: Number(args['expires-in']) }),
      },
    });
    show(made, () => `${made.token ?? 'dry run: nothing was stored'}\n`);
  },
);

const rm = command('end a token at once', { ...COMMON, ...SERVICE, ...DRY, ...NAME }, async ({ args, call, show }) => {
  const done = await call('revokeToken', {
    params: { name: args.name },
    query: args['dry-run'] === true ? { dry_run: '1' } : {},
  });
  show(done, () => `${done.dryRun ? 'dry run: ' : ''}${done.name}: ended\n`);
});

export const token: CommandDef<ArgsDef> = group('tokens that may do less than the operator', { list, create, rm });

export const audit = command(
  'who wrote what, newest first',
  {
    ...{ ...COMMON, ...SERVICE },
    who: { type: 'string', description: 'only this caller, such as operator or "token ci"' },
    call: { type: 'string', description: 'only this call, such as putMachine' },
    target: { type: 'string', description: 'only paths that begin with it' },
    pages: { type: 'string', description: 'how many pages', default: '1' },
  },
  async ({ args: { who, call: name, target, pages }, call, show }) => {
    const most = Number(pages);
    if (!Number.isInteger(most) || most < 1) throw new Stop('--pages must be a whole number from 1', EXIT.usage);
    const filter = Object.fromEntries(
      Object.entries({ who, call: name, target }).filter(([, value]) => value !== undefined),
    );
    const items: CallAnswer<'listAudit'>['items'] = [];
    let cursor: string | null = '';
    for (let page = 0; page < most && cursor !== null; page += 1) {
      const answer: CallAnswer<'listAudit'> = await call('listAudit', {
        query: { ...filter, ...(cursor === '' ? {} : { cursor }) },
      });
      items.push(...answer.items);
      cursor = answer.cursor;
    }
    show(items, () =>
      table([
        ['WHEN', 'WHO', 'CALL', 'PATH', 'BEFORE', 'AFTER'],
        ...items.map((entry) => [entry.at, entry.who, entry.call, entry.target, entry.before ?? '', entry.after ?? '']),
      ]),
    );
  },
);

export const health = command(
  'whether the service works, and what is to be done; exit 1 unless it is ok',
  { ...COMMON, ...SERVICE },
  async ({ client, show }) => {
    const answer = await client().call('getHealth', {});
    if (!answer.ok && answer.error.reason === 'unreachable') throw new Stop(answer.error.detail, EXIT.unreachable);
    const report = answer.ok ? answer.value : { status: 'failing' as const };
    show(
      report,
      () => `${report.status}\n${('todo' in report ? (report.todo ?? []) : []).map((line) => `- ${line}\n`).join('')}`,
    );
    if (report.status !== 'ok') throw new Stop(`the service is ${report.status}`, EXIT.refused);
  },
);
