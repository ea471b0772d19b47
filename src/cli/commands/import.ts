/** The command that takes over what another program served. */
import type { ArgsDef, CommandDef } from 'citty';
import type { ApiClient, CallInput, CallName } from '../../api/api-client.ts';
import { COMMON, command, DRY, group, SERVICE } from '../command.ts';
import { type Plan, planOf } from '../matchbox/plan.ts';
import { EXIT, Stop, stopOf } from '../terminal.ts';

const FOLDERS = ['groups', 'profiles', 'ignition', 'cloud'];

const matchbox = command(
  'profiles, machines and a fleet from the data folder of matchbox; what exists already stays as it is',
  {
    ...{ ...COMMON, ...SERVICE, ...DRY },
    folder: { type: 'positional', description: 'the folder, such as /var/lib/matchbox', required: true },
    fleet: { type: 'string', description: 'the name of the fleet; matchbox', valueHint: 'NAME' },
  },
  async ({ args, client, terminal, show }) => {
    const files = await terminal.files(args.folder, FOLDERS);
    const plan = planOf(files);
    const isNothing = plan.profiles.length === 0 && plan.machines.length === 0;
    if (isNothing && plan.left.length === 0)
      throw new Stop(`${args.folder} holds neither groups nor profiles of matchbox`, EXIT.usage);
    const fleet = args.fleet ?? 'matchbox';
    if (args['dry-run'] === true) {
      show({ fleet, ...plan, dryRun: true }, () => planText(plan, fleet, 'dry run: nothing was stored'));
      return;
    }
    const { url, refused } = await carryOut(client(), plan, fleet);
    const left = [...plan.left, ...refused];
    const done = { fleet, url, ...plan, left, dryRun: false };
    show(done, () => planText({ ...plan, left }, fleet, url === undefined ? 'the fleet was not stored' : url));
    if (left.length > 0) throw new Stop(`${left.length} parts were not taken`, EXIT.refused);
  },
);

/** Stores what is planned, and returns the fleet's URL and what the service has refused. */
async function carryOut(
  client: ApiClient,
  plan: Plan,
  fleet: string,
): Promise<{ readonly url: string | undefined; readonly refused: readonly string[] }> {
  const refused: string[] = [];
  const send = async <N extends CallName>(what: string, name: N, input: CallInput<N>) => {
    const answer = await client.call(name, input);
    if (answer.ok) return answer.value;
    if (answer.error.reason !== 'refused') throw stopOf(answer.error);
    const { status, problem } = answer.error;
    refused.push(`${what}: ${status === 412 ? 'it exists already' : (problem.detail ?? problem.title)}`);
    return undefined;
  };
  const isNew = { ifNoneMatch: '*' } as const;
  const stored = new Set<string>();
  for (const { name, kernelArgs, variables, base } of plan.profiles) {
    const vars = Object.fromEntries(variables.map((variable) => [variable, null]));
    const body = { engine: 'ignition' as const, kernelArgs: [...kernelArgs], vars };
    if ((await send(`profile ${name}`, 'putProfile', { params: { name }, body, ...isNew })) === undefined) continue;
    const isStored =
      base === undefined || (await send(`profile ${name}`, 'putProfileBase', { params: { name }, body: base }));
    if (isStored) stored.add(name);
  }
  const isStored = ({ profiles }: { readonly profiles: readonly string[] }) =>
    profiles.every((name) => stored.has(name));
  const rules = plan.rules.filter(isStored);
  const everybody = plan.everybody !== undefined && isStored(plan.everybody) ? plan.everybody : undefined;
  const wish = {
    ...(everybody === undefined ? { unknown: 'wait' as const } : { ...copyOf(everybody), unknown: 'enrol' as const }),
    rules: rules.map(({ match, ...gets }) => ({ match: { ...match }, ...copyOf(gets) })),
  };
  const made = await send(`fleet ${fleet}`, 'putFleet', { params: { name: fleet }, body: wish, ...isNew });
  if (made === undefined) return { url: undefined, refused };
  for (const { id, identities, cloud, vars, profiles, channel, version } of plan.machines.filter(isStored)) {
    const { mac, uuid, serial } = identities;
    const query = {
      ...{ fleet, profiles: profiles.join(), vars: Object.entries(vars).map((pair) => pair.join('=')) },
      ...(mac === undefined ? {} : { mac: [mac] }),
      ...(uuid === undefined ? {} : { uuid }),
      ...(serial === undefined ? {} : { serial }),
      ...(channel === undefined ? {} : { channel }),
      ...(version === undefined ? {} : { version }),
    };
    await send(`machine ${id}`, 'putMachine', { params: { id }, query, body: cloud ?? '', ...isNew });
  }
  return { url: made.urls?.ipxe, refused };
}

const copyOf = <T extends { readonly profiles: readonly string[]; readonly vars: Readonly<Record<string, string>> }>(
  gets: T,
) => ({ ...gets, profiles: [...gets.profiles], vars: { ...gets.vars } });

function planText({ profiles, machines, rules, everybody, left }: Plan, fleet: string, end: string): string {
  return [
    ...profiles.map(
      ({ name, variables }) => `profile ${name}${variables.length === 0 ? '' : ` (${variables.join(', ')})`}\n`,
    ),
    ...machines.map(
      ({ id, identities }) =>
        `machine ${id}: ${Object.entries(identities)
          .map((pair) => pair.join(' '))
          .join(', ')}\n`,
    ),
    ...rules.map(
      ({ match, profiles: [name] }) =>
        `rule ${Object.entries(match)
          .map((pair) => pair.join('='))
          .join(' ')}: ${name}\n`,
    ),
    `fleet ${fleet}: ${everybody === undefined ? 'a machine that nobody knows waits' : `takes everybody as ${everybody.profiles.join()}`}\n`,
    ...left.map((text) => `not taken: ${text}\n`),
    `${end}\n`,
  ].join('');
}

export const importOthers: CommandDef<ArgsDef> = group('take over what another program served', { matchbox });
