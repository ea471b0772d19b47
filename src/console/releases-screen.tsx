/** Lists the published releases and the aliases. The operator can pin an alias or quarantine a release here. */
import { useState } from 'preact/hooks';
import type { CallAnswer } from '../api/api-client.ts';
import { useAction, useAnswer } from './client.ts';
import { moment } from './show.ts';
import { Chip, Confirm, Fault, ScrollBox } from './widgets.tsx';

type ReleaseList = CallAnswer<'listReleases'>;
type Release = ReleaseList['releases'][number];
type Alias = ReleaseList['aliases'][number];

/** Shows the releases, then the aliases with their floors. */
export function ReleasesScreen() {
  const { value, fault, reload } = useAnswer('listReleases', {}, 30);
  return (
    <>
      <h1>Releases</h1>
      <Fault text={fault} />
      {value === undefined ? <p class="faint">Loading …</p> : null}
      {value?.releases.length === 0 ? <p>Nothing is published yet.</p> : null}
      {value?.releases.map((release) => (
        <ReleasePanel
          key={`${release.channel}/${release.board}/${release.version}`}
          release={release}
          aliases={value.aliases.filter(({ channel, board }) => channel === release.channel && board === release.board)}
          onChanged={reload}
        />
      ))}
      {value === undefined || value.aliases.length === 0 ? null : (
        <Aliases aliases={value.aliases} onChanged={reload} />
      )}
    </>
  );
}

interface ReleasePanelProps {
  readonly release: Release;
  readonly aliases: readonly Alias[];
  readonly onChanged: () => Promise<void>;
}

function ReleasePanel({ release, aliases, onChanged }: ReleasePanelProps) {
  const { channel, board, version, publishedAt, files, pin, floor } = release;
  const [isAsking, setAsking] = useState(false);
  const { isBusy, fault, run } = useAction();
  const title = `${channel} ${version} ${board}`;
  const names = aliases.length === 0 ? ['current'] : aliases.map(({ alias }) => alias);
  const isPinned = (name: string) => aliases.some(({ alias, pin: to }) => alias === name && to === version);
  const pinTo = async (alias: string) => {
    const done = await run('pinAlias', { params: { channel, board, alias }, body: { version } });
    if (done !== undefined) await onChanged();
  };
  const quarantine = async () => {
    if ((await run('quarantineRelease', { params: { channel, board, version } })) !== undefined) await onChanged();
  };
  return (
    <section class="panel" aria-label={title}>
      <div class="head">
        <h2>{title}</h2>
        {release.aliases.map((alias) => (
          <Chip key={alias} tone="good">
            {alias}
          </Chip>
        ))}
        {pin ? <Chip tone="warn">pinned</Chip> : null}
        {floor ? <Chip tone="">floor</Chip> : null}
        <span class="faint">
          {files} files, {moment(publishedAt)}
        </span>
      </div>
      <Fault text={fault} />
      <div class="row">
        <a href={`/${channel}/${board}/${version}/`}>Files</a>
        {names.map((alias) => (
          <button key={alias} type="button" disabled={isBusy || isPinned(alias)} onClick={() => void pinTo(alias)}>
            Pin {alias} to it
          </button>
        ))}
        <button type="button" class="danger" disabled={isBusy} onClick={() => setAsking(true)}>
          Quarantine
        </button>
      </div>
      {isAsking ? (
        <Confirm
          title={`Quarantine ${title}?`}
          text="It leaves every alias at once, its paths answer 404, and its files are gone a day later. Only mirroring it again on purpose lifts this."
          confirm="Quarantine it"
          onConfirm={() => void quarantine()}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </section>
  );
}

function Aliases({ aliases, onChanged }: { aliases: readonly Alias[]; onChanged: () => Promise<void> }) {
  const { isBusy, fault, run } = useAction();
  const unpin = async ({ channel, board, alias }: Alias) => {
    if ((await run('unpinAlias', { params: { channel, board, alias } })) !== undefined) await onChanged();
  };
  return (
    <>
      <h2>Aliases</h2>
      <Fault text={fault} />
      <ScrollBox label="Aliases">
        <table>
          <thead>
            <tr>
              <th scope="col">Alias</th>
              <th scope="col">Published</th>
              <th scope="col">Floor</th>
              <th scope="col">Pin</th>
              <th scope="col">Since</th>
            </tr>
          </thead>
          <tbody>
            {aliases.map((alias) => (
              <tr key={`${alias.channel}/${alias.board}/${alias.alias}`}>
                <th scope="row">
                  {alias.channel} {alias.board} {alias.alias}
                </th>
                <td>{alias.version ?? 'nothing'}</td>
                <td>{alias.floor ?? 'none'}</td>
                <td>
                  {alias.pin === null ? (
                    'none'
                  ) : (
                    <span class="row">
                      {alias.pin}
                      <button type="button" disabled={isBusy} onClick={() => void unpin(alias)}>
                        Unpin<span class="seen-not"> {alias.alias}</span>
                      </button>
                    </span>
                  )}
                </td>
                <td>{moment(alias.since)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </>
  );
}
