/** Lists the aliases and the releases. The operator pins, unpins, quarantines and lifts here, and sees before what it does. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../../api/api-client.ts';
import { useAction, useAnswer } from '../client/client.ts';
import { Pager, usePages } from '../widgets/pager.tsx';
import { When } from '../widgets/when.tsx';
import { Chip, Confirm, Fault, Field, Loading, type Tone } from '../widgets/widgets.tsx';
import { Aliases } from './aliases-table.tsx';
import { Holds } from './holds.tsx';
import { ReleaseFiles } from './release-files.tsx';

type Release = CallAnswer<'listReleases'>['items'][number];
type Alias = CallAnswer<'listAliases'>['items'][number];

/** Shows the aliases, then the releases, newest first. */
export function ReleasesScreen() {
  const pages = usePages();
  const releases = useAnswer('listReleases', { query: pages.query }, 30);
  const aliases = useAnswer('listAliases', {}, 30);
  const reload = async () => {
    await Promise.all([releases.reload(), aliases.reload()]);
  };
  const { value, fault } = releases;
  return (
    <>
      <h1>Releases</h1>
      <Fault text={fault ?? aliases.fault} />
      <Loading of={{ value, fault }} />
      {aliases.value === undefined || aliases.value.items.length === 0 ? null : (
        <>
          <Aliases aliases={aliases.value.items} onChanged={reload} />
          <Holds aliases={aliases.value.items} onChanged={reload} />
        </>
      )}
      {value?.items.length === 0 ? <p>Nothing is published yet.</p> : null}
      {value?.items.map((release) => (
        <ReleasePanel
          key={`${release.channel}/${release.board}/${release.version}`}
          release={release}
          aliases={(aliases.value?.items ?? []).filter(
            ({ channel, board }) => channel === release.channel && board === release.board,
          )}
          onChanged={reload}
        />
      ))}
      <Pager pages={pages} next={value?.cursor} labels={['Newer releases', 'Older releases']} />
      {[...(value?.unreadable ?? []), ...(aliases.value?.unreadable ?? [])].map(({ id, reason }) => (
        <Fault key={id} text={`${id} cannot be read: ${reason}`} />
      ))}
    </>
  );
}

interface ReleasePanelProps {
  readonly release: Release;
  readonly aliases: readonly Alias[];
  readonly onChanged: () => Promise<void>;
}

interface Question {
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
  readonly act: (reason: string) => Promise<unknown>;
  readonly asksWhy?: boolean;
  readonly typed?: string;
}

const TONES: Readonly<Record<Release['state'], Tone>> = {
  published: 'good',
  quarantined: 'bad',
  blocked: 'bad',
  distrusted: 'bad',
};

function ReleasePanel({ release, aliases, onChanged }: ReleasePanelProps) {
  const { channel, board, version, publishedAt, fileCount, state, quarantine, isPinned, isFloor } = release;
  const [question, setQuestion] = useState<Question | undefined>(undefined);
  const [reason, setReason] = useState('');
  const { isBusy, fault, run, runGated } = useAction();
  const title = `${channel} ${version} ${board}`;
  const params = { channel, board, version };
  const names = aliases.length === 0 ? ['current'] : aliases.map(({ alias }) => alias);
  const isPinnedTo = (name: string) => aliases.some(({ alias, pin }) => alias === name && pin === version);
  const askPin = async (alias: string) => {
    const dry = await runGated('pinAlias', {
      params: { channel, board, alias },
      query: { dry_run: '1' },
      body: { version },
    });
    if (dry === undefined) return;
    if ('wouldBreak' in dry)
      return setQuestion({
        title: `Pin ${alias} of ${channel} ${board} to ${version} all the same?`,
        text: `${dry.wouldBreak}.`,
        confirm: `Pin it to ${version} all the same`,
        typed: alias,
        act: () => run('pinAlias', { params: { channel, board, alias }, query: { force: '1' }, body: { version } }),
      });
    setQuestion({
      title: `Pin ${alias} of ${channel} ${board} to ${version}?`,
      text: `${alias} serves ${dry.before ?? 'nothing'} now, and ${dry.version ?? 'nothing'} from then on, until it is unpinned.`,
      confirm: `Pin it to ${version}`,
      act: () => run('pinAlias', { params: { channel, board, alias }, body: { version } }),
    });
  };
  const askQuarantine = async () => {
    const dry = await run('quarantineRelease', { params, query: { dry_run: '1' } });
    if (dry === undefined) return;
    const moves = dry.aliases.filter(({ before, after }) => before !== after);
    const texts = moves.map(({ alias, before, after }) => `${alias} will go from ${before} to ${after ?? 'nothing'}`);
    setQuestion({
      title: `Quarantine ${title}?`,
      text: `${texts.length === 0 ? 'No alias will change' : texts.join(', ')}. Its paths will answer 404, and its files will be gone a day later. It can be lifted here.`,
      confirm: 'Quarantine it',
      asksWhy: true,
      act: (why) => run('quarantineRelease', { params, query: why === '' ? {} : { reason: why } }),
    });
  };
  const askLift = () =>
    setQuestion({
      title: `Lift the quarantine of ${title}?`,
      text: 'Upstream may bring it again: it is passed through from then on, and an alias that follows upstream may name it. It is not mirrored by that; “Mirror a release” on the page of jobs does it.',
      confirm: 'Lift it',
      act: () => run('liftQuarantine', { params }),
    });
  const answered = async () => {
    if ((await question?.act(reason.trim())) !== undefined) await onChanged();
  };
  return (
    <section class="panel" aria-label={title}>
      <div class="head">
        <h2>{title}</h2>
        {state === 'published' ? null : <Chip tone={TONES[state]}>{state}</Chip>}
        {release.aliases.map((alias) => (
          <Chip key={alias} tone="good">
            {alias}
          </Chip>
        ))}
        {isPinned ? <Chip tone="warn">pinned</Chip> : null}
        {isFloor ? <Chip tone="">floor</Chip> : null}
        <span class="faint">
          {fileCount} files
          {publishedAt === null ? null : (
            <>
              , <When at={publishedAt} />
            </>
          )}
        </span>
      </div>
      {quarantine === null ? null : (
        <p class="notice bad">
          Taken back <When at={quarantine.at} />
          {quarantine.by === null ? '' : ` by ${quarantine.by}`}
          {quarantine.reason === null ? '.' : `: ${quarantine.reason}`}
        </p>
      )}
      <Fault text={fault} />
      <div class="row">
        {state === 'published' ? (
          <>
            <a href={`/${channel}/${board}/${version}/`}>Files</a>
            {names.map((alias) => (
              <button
                key={alias}
                type="button"
                disabled={isBusy || isPinnedTo(alias)}
                onClick={() => void askPin(alias)}
              >
                Pin {alias} to it<span class="seen-not">, {version}</span>
              </button>
            ))}
            <button type="button" class="danger" disabled={isBusy} onClick={() => void askQuarantine()}>
              Quarantine<span class="seen-not"> {version}</span>
            </button>
          </>
        ) : null}
        {quarantine === null ? null : (
          <button type="button" disabled={isBusy} onClick={askLift}>
            Lift<span class="seen-not"> {version}</span>
          </button>
        )}
      </div>
      <ReleaseFiles channel={channel} board={board} version={version} />
      {question === undefined ? null : (
        <Confirm
          title={question.title}
          text={question.text}
          confirm={question.confirm}
          {...(question.typed === undefined ? {} : { typed: question.typed })}
          onConfirm={() => void answered()}
          onClose={() => setQuestion(undefined)}
        >
          {question.asksWhy ? (
            <Field label="Why" hint="(is kept, and shown to operators)" value={reason} onValue={setReason} />
          ) : null}
        </Confirm>
      )}
    </section>
  );
}
