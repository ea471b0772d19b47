/** Serves the pages, their assets and the API document. All of them are public and need no token. */
import { Hono } from 'hono';
import { sha256Hex } from '../shared/bytes.ts';
import type { App } from '../shared/http/call.ts';
import { evaluatePreconditions } from '../shared/http/conditional.ts';
import type { Platform } from '../shared/platform.ts';
import { methodNotAllowed, problemLine } from '../shared/problem.ts';
import { consolePage } from './console-page.ts';
import { apiPage } from './docs/api-page.ts';
import { homePage } from './home/home-page.ts';
import type { Overview } from './home/overview.ts';

/** The texts that the build of the pages made (`tools/build-pages`). */
interface BuiltPages {
  readonly style: string;
  readonly consoleScript: string;
  readonly copyScript: string;
  readonly apiDocument: string;
}

export interface PageRoom {
  readonly platform: Platform;
  readonly built: BuiltPages;
  readonly overview: () => Promise<Overview>;
  /** The value of PUBLIC_URL. When it is empty, the origin of the request takes its place. */
  readonly publicUrl: string;
  /** True for a host whose root is the listing of a channel (RELEASE_HOST_SUFFIX). */
  readonly isChannelHost: (host: string) => boolean;
}

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b5cad"/><path d="M4 8.5 7 11.5 12.5 5" fill="none" stroke="#fff" stroke-width="2"/></svg>';

/** Headers that forbid content of other hosts, inline scripts and styles, and pages that frame ours. */
const SECURITY = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
} as const;

const HTML = 'text/html; charset=utf-8';
/** A browser asks again each time, and gets 304 until a deployment changes the file. */
const REVALIDATED = 'public, no-cache';
const CACHED_FOR_30_S = 'public, max-age=30';

/** Returns the routes of `/`, `/console`, `/assets/*`, `/api/docs` and `/api/openapi.json`. */
export function pageRoutes({ platform, built, overview, publicUrl, isChannelHost }: PageRoom) {
  const app: App = new Hono();

  const fixed = (path: string, contentType: string, given: string | (() => string)) => {
    let made: string | undefined;
    let tag: Promise<string> | undefined;
    app.on(['GET', 'HEAD'], path, async ({ req }) => {
      made ??= typeof given === 'string' ? given : given();
      const text = made;
      tag ??= sha256Hex(new Uint8Array(new TextEncoder().encode(text))).then((digest) => `"${digest.slice(0, 24)}"`);
      const etag = await tag;
      const headers = { ...SECURITY, etag, 'cache-control': REVALIDATED };
      const outcome = evaluatePreconditions(req.raw.headers, { etag }, platform.now());
      if (outcome === 'not-modified') return new Response(null, { status: 304, headers });
      if (outcome === 'failed')
        return problemLine({ code: 'precondition-failed', detail: 'precondition failed' }, req.method);
      const body = req.method === 'HEAD' ? null : text;
      return new Response(body, { headers: { ...headers, 'content-type': contentType } });
    });
    app.all(path, ({ req }) => problemLine(methodNotAllowed('GET, HEAD'), req.method));
  };

  app.all('/', async ({ req }, next) => {
    const { host, origin } = new URL(req.url);
    if (isChannelHost(host)) return await next();
    if (req.method !== 'GET' && req.method !== 'HEAD') return problemLine(methodNotAllowed('GET, HEAD'), req.method);
    const page = req.method === 'HEAD' ? null : String(homePage(await overview(), publicUrl || origin));
    return new Response(page, { headers: { ...SECURITY, 'content-type': HTML, 'cache-control': CACHED_FOR_30_S } });
  });
  fixed('/console', HTML, String(consolePage()));
  // It is made when it is first asked for: beside the document itself it would be a tenth of the Worker.
  fixed('/api/docs', HTML, () => String(apiPage(JSON.parse(built.apiDocument) as object)));
  fixed('/api/openapi.json', 'application/json', built.apiDocument);
  fixed('/assets/style.css', 'text/css; charset=utf-8', built.style);
  fixed('/assets/console.js', 'text/javascript; charset=utf-8', built.consoleScript);
  fixed('/assets/copy.js', 'text/javascript; charset=utf-8', built.copyScript);
  fixed('/assets/icon.svg', 'image/svg+xml', ICON);
  return app;
}
