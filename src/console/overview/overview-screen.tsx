/** What is served, what happened in the last days, and what needs a person. */
import type { CallAnswer } from '../../api/api-client.ts';
import { useAnswer } from '../client/client.ts';
import { MachineCounts, useCounts } from '../machines/machine-counts.tsx';
import { Plot } from '../plots/plot.tsx';
import { bytes } from '../widgets/show.ts';
import { When } from '../widgets/when.tsx';
import { Chip, Fault, Table } from '../widgets/widgets.tsx';
import { mattersIn } from './attention.ts';
import { KeyTimeline } from './key-timeline.tsx';

type Span = CallAnswer<'listActivity'>['items'][number];

/** Shows the screen, and loads it again every minute. */
export function OverviewScreen() {
  const health = useAnswer('getHealth', {}, 60);
  const jobs = useAnswer('listMirrors', {}, 60);
  const aliases = useAnswer('listAliases', {}, 60);
  const keyring = useAnswer('getKeyring', {}, 60);
  // A look at 10,000 machines is twenty calls of R2: once is enough.
  const machines = useCounts({});
  const activity = useAnswer('listActivity', {}, 60);
  const all = [health, jobs, aliases, activity, { value: machines.counts, fault: machines.fault }];
  const isLoading = all.some(({ value, fault }) => value === undefined && fault === undefined);
  // Nobody can say that all is well who has not heard from all.
  const isWhole = all.every(({ value, fault }) => value !== undefined && fault === undefined);
  return (
    <>
      <h1>Overview</h1>
      {[...new Set([...all, keyring].map(({ fault }) => fault))].map((fault) => (
        <Fault key={fault} text={fault} />
      ))}
      {isLoading ? (
        <p class="faint">Loading …</p>
      ) : !isWhole ? null : (
        <Attention
          seen={{
            ...{ health: health.value, jobs: jobs.value?.items ?? [], aliases: aliases.value?.items ?? [] },
            ...{ failing: machines.counts?.failing ?? 0, isMore: !machines.isWhole, now: Date.now() },
          }}
        />
      )}
      {aliases.value === undefined ? null : <Served aliases={aliases.value.items} />}
      {machines.counts === undefined ? null : (
        <section aria-label="Machines">
          <h2>Machines</h2>
          <MachineCounts counted={machines} addressOf={(state) => `#/machines?state=${state}`} />
        </section>
      )}
      {keyring.value === undefined ? null : <KeyTimeline keyring={keyring.value} />}
      {activity.value === undefined ? null : <Days spans={activity.value.items} />}
    </>
  );
}

const Attention = ({ seen }: { seen: Parameters<typeof mattersIn>[0] }) => {
  const matters = mattersIn(seen);
  return (
    <section aria-label="What needs attention">
      <h2>What needs attention</h2>
      {matters.length === 0 ? <p class="notice good">Nothing.</p> : null}
      <ul class="plain">
        {matters.map(({ tone, text, href }) => (
          <li key={text} class={`notice ${tone}`}>
            {text} {href === undefined ? null : <a href={href}>Look at it</a>}
          </li>
        ))}
      </ul>
    </section>
  );
};

const Served = ({ aliases }: { aliases: CallAnswer<'listAliases'>['items'] }) => (
  <section aria-label="What is served">
    <h2>What is served</h2>
    {aliases.length === 0 ? (
      <p>
        No name is kept here: every one follows upstream, and what it serves is verified on its way.{' '}
        <a href="/">See what is current</a>, or name what is to be mirrored in the variable <code>MIRROR</code>.
      </p>
    ) : (
      <Table label="What each name serves" columns={['Name', 'Channel and board', 'Serves', 'Since', 'How']}>
        {aliases.map(({ channel, board, alias, version, pin, since, from, holds, fault }) => (
          <tr key={`${channel}/${board}/${alias}`}>
            <th scope="row">{alias}</th>
            <td>
              {channel} {board}
            </td>
            <td class="long">{version === null ? (fault ?? 'nothing') : <a href="#/releases">{version}</a>}</td>
            <td>
              <When at={since} />
            </td>
            <td>
              {version === null ? null : (
                <Chip tone={pin === null ? 'good' : 'warn'}>{HOW[pin === null ? (from ?? 'mirror') : 'pin']}</Chip>
              )}{' '}
              {holds.length === 0 ? null : <Chip tone="warn">held back</Chip>}
            </td>
          </tr>
        ))}
      </Table>
    )}
  </section>
);

/** Where a name has its release from. Nothing is served that was not verified. */
const HOW = {
  mirror: 'verified, mirrored here',
  ring: 'verified, by its ring',
  upstream: 'verified, from upstream',
  pin: 'pinned',
} as const;

const whole = (value: number): string => Math.round(value).toLocaleString('en');

const Days = ({ spans }: { spans: readonly Span[] }) => {
  const times = spans.map(({ from }) => Date.parse(from));
  const of = (name: 'boots' | 'failedBoots' | 'downloads' | 'bytes' | 'refusedFiles') =>
    spans.map((span) => span[name]);
  return (
    <section aria-label="The last days">
      <h2>The last days</h2>
      <div class="plots">
        <Plot
          title="Boots an hour"
          times={times}
          series={[
            { label: 'got their config', tone: 'accent', values: of('boots') },
            { label: 'got none', tone: 'bad', values: of('failedBoots') },
          ]}
          shown={whole}
        />
        <Plot
          title="Downloaded an hour"
          times={times}
          series={[{ label: 'bytes', tone: 'accent', values: of('bytes') }]}
          shown={(value) => bytes(Math.round(value))}
        />
        <Plot
          title="Files an hour"
          times={times}
          series={[
            { label: 'handed out', tone: 'accent', values: of('downloads') },
            { label: 'refused', tone: 'bad', values: of('refusedFiles') },
          ]}
          shown={whole}
        />
      </div>
    </section>
  );
};
