/**
 * The frame of every page: head, bar and footer. The Content-Security-Policy forbids inline scripts, inline styles and
 * everything from other hosts.
 */
import { html } from 'hono/html';

type Markup = ReturnType<typeof html>;

interface Frame {
  readonly title: string;
  readonly description: string;
  /** The path of a script of this service. */
  readonly script?: string;
  readonly body: Markup;
}

/** Returns a whole page with `body` in its frame. */
export const framed = ({ title, description, script, body }: Frame): Markup => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${description}">
<title>${title}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="alternate" href="/feed.atom" type="application/atom+xml" title="Flatcar releases mirrored here">
<link rel="stylesheet" href="/assets/style.css">
${script === undefined ? '' : html`<script type="module" src="${script}"></script>`}
</head>
<body>
<header class="page"><div class="bar">
<a class="name" href="/">Flatcar Edge</a>
<nav aria-label="Pages"><a href="/">Releases</a><a href="/console">Console</a><a href="/api/docs">API</a></nav>
</div></header>
<main>
${body}
</main>
<footer><div class="bar">
<span>Every file named as verified had its OpenPGP signature checked before it could be read here.</span>
<nav aria-label="For programs"><a href="/releases.json">releases.json</a><a href="/feed.atom">Feed</a><a href="/keys/signing-key.asc">Signing key</a><a href="/healthz">Health</a></nav>
</div></footer>
</body>
</html>
`;
