/** The public page. It works without JavaScript; the script only adds copy buttons. No I/O. */
import { html } from 'hono/html';
import { framed } from '../frame.ts';
import { type Command, commandsFor } from './commands.ts';
import type { Overview, StreamOverview } from './overview.ts';
import { platformsFor } from './platforms.ts';

type Markup = ReturnType<typeof html>;

/** Returns the page of `overview`. `origin` is the URL of this service, for the shell commands. */
export function homePage(overview: Overview, origin: string): Markup {
  const { streams } = overview;
  // Nothing can be had of a stream that names a quarantined release, or none.
  const offered = streams.filter((stream) => !namesNothing(stream));
  const example = offered.find(({ source, version }) => source === 'mirror' && version !== undefined) ?? offered[0];
  const isAbsent = ({ upstream, version }: StreamOverview) =>
    version === undefined && upstream.kind === 'stale' && upstream.reason === 'absent';
  const absent = streams.filter(isAbsent);
  const shown = streams.filter((stream) => !isAbsent(stream));
  const mirrored = streams.filter(({ files }) => files.length > 0);
  return framed({
    title: 'Flatcar releases, mirrored and verified',
    description: 'Flatcar Container Linux releases: what is current, what is verified, and how to get it.',
    script: '/assets/copy.js',
    body: html`<h1>Flatcar Container Linux releases</h1>
<p>Images of every channel, passed on only with a good signature of the Flatcar build key.</p>
${overview.isPartial ? html`<p><span class="chip warn">incomplete</span> Our store did not answer for some of this; try again.</p>` : ''}
<h2 id="current">Current releases</h2>
<ul class="cards">${shown.map((stream) => card(stream, overview.refused))}</ul>
${absent.length === 0 ? '' : html`<p class="faint">Upstream has none of ${absent.map(({ channel, board }) => `${channel} ${board}`).join(', ')}.</p>`}
<h2 id="files">Verified files</h2>
${mirrored.length === 0 ? html`<p>Nothing is mirrored here yet: files come from upstream, and each signature is checked on the way.</p>` : ''}
${mirrored.map(release)}
${overview.refused.length === 0 ? '' : refusedFiles(overview.refused)}
<h2 id="key">Signing key</h2>
${signingKey(overview)}
${
  example === undefined
    ? ''
    : html`<h2 id="commands">Get it</h2>
<p>For <b>${example.channel}</b> on <b>${example.board}</b>; put another channel, board or version in its place.</p>
<div class="commands">${commandsFor(origin, example).map(command)}</div>
${example.version === undefined ? '' : platforms(origin, { ...example, version: example.version })}`
}
<p class="faint">As of ${moment(overview.at)}.</p>`,
  });
}

function card(stream: StreamOverview, notes: Overview['refused']): Markup {
  const { channel, board, alias, version, since, source, isPinned } = stream;
  const path = `/${channel}/${board}/`;
  const refused = notes.filter(
    ({ file }) => file.channel === channel && file.board === board && file.version === version,
  );
  return html`<li class="card">
<h3>${channel} <span class="faint">${board}${alias === 'current' ? '' : html` · ${alias}`}</span></h3>
<p class="version">${version ?? html`<span class="faint">${namesNothing(stream) ? 'none' : 'not known'}</span>`}</p>
<p class="faint">${since === undefined ? '' : html`since ${moment(since)}`}</p>
<p class="chips">${
    source === 'mirror'
      ? html`<span class="chip good">mirrored, verified</span>`
      : version === undefined
        ? ''
        : html`<span class="chip">from upstream</span>`
  }${isPinned ? html` <span class="chip warn">pinned</span>` : ''} ${refused.length > 0 ? refusedChip(refused) : upstreamChip(stream)}</p>
${version === undefined ? '' : html`<p><a href="${path}${alias}/version.txt">version.txt</a>${source === 'mirror' ? html` · <a href="${path}${version}/">all files</a>` : ''}</p>`}
</li>`;
}

const namesNothing = ({ upstream }: StreamOverview): boolean =>
  upstream.kind === 'stale' && ['absent', 'quarantined'].includes(upstream.reason);

/** A release that upstream serves with a bad file is not well, whatever upstream answers otherwise. */
function refusedChip([first, ...others]: Overview['refused']): Markup {
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return html`<a class="chip bad" href="#refused">${first?.file.file} refused${more}: ${first?.reason}</a>`;
}

function upstreamChip({ upstream }: StreamOverview): Markup {
  if (upstream.kind === 'fresh') return html`<span class="chip good">upstream fresh</span>`;
  if (upstream.kind === 'unknown') return html`<span class="chip">upstream not asked yet</span>`;
  if (upstream.reason === 'absent') return html`<span class="chip">upstream has none</span>`;
  if (upstream.reason === 'quarantined')
    return html`<span class="chip warn">upstream names a release that is quarantined here</span>`;
  const since = upstream.since === undefined ? '' : html` since ${moment(upstream.since)}`;
  return html`<span class="chip warn">upstream stale${since}: ${upstream.reason}</span>`;
}

function release({ channel, board, alias, version, files, others }: StreamOverview): Markup {
  const path = `/${channel}/${board}`;
  const links = others.map((other) => html` <a href="${path}/${other}/">${other}</a>`);
  return html`<details class="release"><summary>${channel} ${version} ${board}${alias === 'current' ? '' : ` (${alias})`}: ${files.length} verified files</summary><div>
<ul class="files">${files.map(
    (file) => html`<li>
<div class="head"><a href="${path}/${version}/${file.name}">${file.name}</a><span class="faint">${bytes(file.size)} (${file.size} bytes)</span></div>
<div class="digest"><code>sha512 ${file.sha512}</code><button type="button" hidden data-copy="${file.sha512}">Copy<span class="seen-not"> sha512 of ${file.name}</span></button></div>
<div class="faint">signed ${file.signedAt === undefined ? '' : moment(file.signedAt)} by <code class="wrap">${file.signedBy}</code>, verified ${moment(file.verifiedAt)} · <a href="${path}/${version}/${file.name}.sig">.sig</a></div>
</li>`,
  )}</ul>
${links.length === 0 ? '' : html`<p>Also published: ${links}</p>`}
</div></details>`;
}

function refusedFiles(notes: Overview['refused']): Markup {
  return html`<h2 id="refused">Files that upstream sends wrong</h2>
<p>The signature of these files did not hold when they were last fetched. Nothing of them is served; they are tried again every few minutes.</p>
<ul class="files">${notes.map(
    ({ file, reason, at }) =>
      html`<li><span class="chip bad">${reason}</span> <code class="wrap">${file.channel}/${file.board}/${file.version}/${file.file}</code> <span class="faint">since ${moment(at)}</span></li>`,
  )}</ul>`;
}

function signingKey({ key }: Overview): Markup {
  if (key === undefined)
    return html`<p><span class="chip bad">no key</span> There is no usable signing key at the moment.</p>`;
  const ends =
    key.expires === undefined ? 'never expires' : html`expires ${moment(key.expires)}, in ${key.daysLeft ?? 0} days`;
  return html`<p><code class="wrap">${key.fingerprint}</code><br>
<span class="faint">${ends}</span> ${key.warning === undefined ? '' : html`<span class="chip warn">${key.warning}</span>`}</p>
<p><a href="/keys/signing-key.asc">Download the keyring</a> for <code>gpg --import</code>.</p>`;
}

/** One of them is open at a time. It needs no script. */
const platforms = (origin: string, stream: StreamOverview & { readonly version: string }): Markup => {
  const here = new Set(stream.files.map(({ name }) => name));
  return html`<h2 id="platforms">For your platform</h2>
<p>What each platform takes of ${stream.channel} ${stream.version} on ${stream.board}, and how it gets there.</p>
${platformsFor(origin, stream).map(
  ({
    name,
    format,
    files,
    lines,
  }) => html`<details class="release" name="platform"><summary>${name} <span class="faint">${format}</span></summary><div>
<p>${files.map((file) =>
    here.has(file)
      ? html`<a href="/${stream.channel}/${stream.board}/${stream.version}/${file}">${file}</a> <span class="chip good">mirrored, verified</span>`
      : html`<code class="wrap">${file}</code> <span class="chip">from upstream, checked on its way</span>`,
  )}</p>
${command({ title: `Into ${name}`, lines })}</div></details>`,
)}`;
};

function command({ title, lines }: Command): Markup {
  const text = lines.join('\n');
  return html`<div class="command"><div class="top"><h3>${title}</h3><button type="button" hidden data-copy="${text}">Copy<span class="seen-not"> ${title}</span></button></div>
<pre tabindex="0" role="region" aria-label="${title}"><code>${text}</code></pre></div>`;
}

/** Returns a date that programs and people can read, to the minute and in UTC. */
function moment(iso: string): Markup {
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;
}

/** Returns a size with a binary unit: 1 MiB is 1,048,576 bytes. */
function bytes(count: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'] as const;
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}
