/** The command that takes over what another program served. */
import type { ArgsDef, CommandDef } from 'citty';
import type { ApiClient, CallAnswer, CallInput, CallName } from '../../api/api-client.ts';
import { COMMON, command, DRY, group, SERVICE } from '../command.ts';
import { type Plan, planOf, textOf } from '../matchbox/plan.ts';
import { EXIT, Stop, stopOf } from '../terminal.ts';
import { given } from './machine-writes.ts';

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
      endOf(plan.left);
      return;
    }
    const outcome: Outcome = { plan: { ...NOTHING, notes: plan.notes }, left: [...plan.left], url: undefined };
    try {
      await carryOut(client(), plan, fleet, outcome);
    } finally {
      // Also where the service could not be reached any more: what is stored is stored.
      const { url, left } = outcome;
      const done = { fleet, url, ...outcome.plan, left, dryRun: false };
      show(done, () => planText(done, fleet, url ?? 'the fleet keeps the URL that it has, or was not stored'));
    }
    endOf(outcome.left);
  },
);

function endOf(left: readonly string[]): void {
  if (left.length > 0) throw new Stop(`${left.length} parts were not taken`, EXIT.refused);
}

type Stored = Pick<Plan, 'profiles' | 'machines' | 'rules' | 'everybody' | 'notes'>;
const NOTHING = { profiles: [], machines: [], rules: [], everybody: undefined };

/** What was stored so far. */
interface Outcome {
  plan: Stored;
  readonly left: string[];
  url: string | undefined;
}

/** Stores what is planned, part by part, and notes each in `outcome`. */
async function carryOut(client: ApiClient, plan: Plan, fleet: string, outcome: Outcome): Promise<void> {
  const { left } = outcome;
  const send = async <N extends CallName>(what: string, name: N, input: CallInput<N>) => {
    const answer = await client.call(name, input);
    if (answer.ok) return answer.value;
    if (answer.error.reason !== 'refused') throw stopOf(answer.error);
    const { status, problem } = answer.error;
    left.push(`${what}: ${status === 412 ? 'it exists already, and is another one' : problem.detail}`);
    return undefined;
  };
  const stored = new Set<string>();
  for (const profile of plan.profiles)
    if ((await isThere(client, profile)) || (await putProfile(send, profile))) {
      stored.add(profile.name);
      outcome.plan = { ...outcome.plan, profiles: [...outcome.plan.profiles, profile] };
    }
  const isStored = (what: string, { profiles }: { readonly profiles: readonly string[] }) => {
    const missing = profiles.find((name) => !stored.has(name));
    if (missing !== undefined) left.push(`${what}: its profile ${missing} was not stored`);
    return missing === undefined;
  };
  const rules = plan.rules.filter((rule) => isStored(`rule ${textOf(rule.match)}`, rule));
  const isForAll = plan.everybody !== undefined && isStored('what everybody gets', plan.everybody);
  const everybody = isForAll ? plan.everybody : undefined;
  const wish = {
    ...(everybody === undefined ? { unknown: 'wait' as const } : { ...copyOf(everybody), unknown: 'enrol' as const }),
    rules: rules.map(({ match, ...gets }) => ({ match: { ...match }, ...copyOf(gets) })),
  };
  const made = await send(`fleet ${fleet}`, 'putFleet', { params: { name: fleet }, body: wish, ...IS_NEW });
  if (made !== undefined) {
    outcome.plan = { ...outcome.plan, rules, everybody };
    outcome.url = made.urls?.ipxe;
  }
  for (const machine of plan.machines.filter((one) => isStored(`machine ${one.id}`, one))) {
    const { id, identities, cloud, vars, profiles, channel, version } = machine;
    const { mac, uuid, serial } = identities;
    const query = {
      ...{ fleet, profiles: profiles.join(), vars: Object.entries(vars).map((pair) => pair.join('=')) },
      ...(mac === undefined ? {} : { mac: [mac] }),
      ...given({ uuid, serial, channel, version }),
    };
    const put = await send(`machine ${id}`, 'putMachine', { params: { id }, query, body: cloud ?? '', ...IS_NEW });
    if (put !== undefined) outcome.plan = { ...outcome.plan, machines: [...outcome.plan.machines, machine] };
  }
}

const IS_NEW = { ifNoneMatch: '*' } as const;
type Profile = Plan['profiles'][number];
type Send = <N extends CallName>(what: string, name: N, input: CallInput<N>) => Promise<CallAnswer<N> | undefined>;

/** True where the service has this very profile, for example from an import that broke off. */
async function isThere(client: ApiClient, profile: Profile): Promise<boolean> {
  const params = { name: profile.name };
  const found = await client.call('getProfile', { params });
  if (!found.ok || found.value.default !== null || found.value.hasBase !== (profile.base !== undefined)) return false;
  const query = { dry_run: '1' as const };
  const settings = await client.call('putProfile', { params, query, body: settingsOf(profile) });
  if (!settings.ok || settings.value.isChanged) return false;
  if (profile.base === undefined) return true;
  const base = await client.call('putProfileBase', { params, query, body: profile.base });
  return base.ok && !base.value.isChanged;
}

const settingsOf = ({ kernelArgs, variables }: Profile) => ({
  engine: 'ignition' as const,
  kernelArgs: [...kernelArgs],
  vars: Object.fromEntries(variables.map((variable) => [variable, null])),
});

async function putProfile(send: Send, profile: Profile): Promise<boolean> {
  const { name, base } = profile;
  const params = { name };
  if ((await send(`profile ${name}`, 'putProfile', { params, body: settingsOf(profile), ...IS_NEW })) === undefined)
    return false;
  if (base === undefined) return true;
  if ((await send(`profile ${name}`, 'putProfileBase', { params, body: base })) !== undefined) return true;
  // Half a profile would stand in the way of the next try.
  await send(`profile ${name}`, 'deleteProfile', { params });
  return false;
}

const copyOf = <T extends { readonly profiles: readonly string[]; readonly vars: Readonly<Record<string, string>> }>(
  gets: T,
) => ({ ...gets, profiles: [...gets.profiles], vars: { ...gets.vars } });

function planText(
  { profiles, machines, rules, everybody, left, notes }: Stored & Pick<Plan, 'left'>,
  fleet: string,
  end: string,
): string {
  const releaseOf = ({ channel, version }: { channel?: string | undefined; version?: string | undefined }) =>
    version === undefined ? '' : `, ${channel ?? ''} ${version}`;
  const lines = [
    ...profiles.map((profile) => {
      const { name, variables, kernelArgs } = profile;
      const said = variables.length === 0 ? '' : ` (${variables.join(', ')})`;
      return `profile ${name}${said}${releaseOf(profile)}${kernelArgs.length === 0 ? '' : `: ${kernelArgs.join(' ')}`}`;
    }),
    ...machines.map(({ id, identities, profiles: [name] }) => `machine ${id}: ${textOf(identities)}: ${name}`),
    ...rules.map(({ match, profiles: [name] }) => `rule ${textOf(match)}: ${name}`),
    `fleet ${fleet}: ${everybody === undefined ? 'a machine that nobody knows waits' : `takes everybody as ${everybody.profiles.join()}`}`,
    ...notes.map((text) => `note: ${text}`),
    ...left.map((text) => `not taken: ${text}`),
    end,
  ];
  // Names of files and groups are somebody else's: a terminal must not take them for commands.
  return lines.map((line) => `${line.replaceAll(/[^\P{Cc}]/gu, '?')}\n`).join('');
}

export const importOthers: CommandDef<ArgsDef> = group('take over what another program served', { matchbox });
