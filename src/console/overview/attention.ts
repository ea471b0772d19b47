/** Finds what an operator should look at, and where. No I/O. */
import type { CallAnswer } from '../../api/api-client.ts';

interface Seen {
  readonly health: CallAnswer<'getHealth'> | undefined;
  readonly jobs: CallAnswer<'listMirrors'>['items'];
  readonly aliases: CallAnswer<'listAliases'>['items'];
  /** How many machines got no config when they last asked. */
  readonly failing: number;
  /** True where there may be more of them. */
  readonly isMore: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface Matter {
  readonly tone: 'bad' | 'warn';
  readonly text: string;
  /** The address of the screen where it can be mended; absent where it is mended in the deployment. */
  readonly href?: string;
}

/** A key that ends sooner is named: its owner has a new one months before. */
const SOON_DAYS = 60;
/** A job that failed longer ago is history. */
const RECENT_MS = 30 * 86_400_000;

/** Returns what needs attention, the worst first. */
export function mattersIn({ health, jobs, aliases, failing, isMore, now }: Seen): Matter[] {
  const matters: Matter[] = [];
  const add = (tone: Matter['tone'], text: string, href?: string) =>
    matters.push({ tone, text, ...(href === undefined ? {} : { href }) });
  const isRefusal = (todo: string) => (health?.refused ?? []).some(({ path }) => todo.startsWith(path));
  for (const todo of health?.todo ?? []) add(health?.status === 'failing' || isRefusal(todo) ? 'bad' : 'warn', todo);
  const daysLeft = health?.signingKey?.daysLeft;
  if (typeof daysLeft === 'number' && daysLeft < SOON_DAYS && health?.signingKey?.warning === undefined)
    add('warn', `The signing key ends in ${daysLeft} days.`);
  for (const { channel, board, version, state, reason, queuedAt } of jobs)
    if (state === 'failed' && now - Date.parse(queuedAt) < RECENT_MS)
      add('bad', `Mirroring ${channel} ${version} ${board} failed${reason ? `: ${reason}` : ''}.`, '#/jobs');
  for (const { channel, board, alias, holds } of aliases)
    for (const { text } of holds) add('warn', `${channel} ${board} ${alias} is held back: ${text}.`, '#/releases');
  if (failing > 0)
    add(
      'bad',
      `${failing === 1 && !isMore ? '1 machine' : `${failing} machines`}${isMore ? ' or more' : ''} asked for a config and got none.`,
      '#/machines?state=failing',
    );
  return matters.toSorted((a, b) => Number(a.tone === 'warn') - Number(b.tone === 'warn'));
}
