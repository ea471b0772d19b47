/** The page that the console runs in. No I/O. */
import { html } from 'hono/html';
import { framed } from './frame.ts';

/** Returns the page. Without JavaScript it only tells that the console needs it. */
export const consolePage = () =>
  framed({
    title: 'Flatcar Edge: console',
    description: 'Mirror jobs, releases, profiles and machines, for the holder of the operator token.',
    script: '/assets/console.js',
    body: html`<div id="console"><h1>Console</h1><noscript><p>The console needs JavaScript. Everything it does is a call of the <a href="/api/docs">API</a>.</p></noscript></div>`,
  });
