/** Serves the pages, their assets and the API document. All of them are public and need no token. */
import { Hono } from 'hono';
import { causeFields } from '../shared/cause.ts';
import type { App } from '../shared/http/call.ts';
import { evaluatePreconditions } from '../shared/http/conditional.ts';
import type { Platform } from '../shared/platform.ts';
import { methodNotAllowed, problemLine } from '../shared/problem.ts';
import { Assets, type ReadAsset } from './assets.ts';
import { homePage } from './home/home-page.ts';
import type { Overview } from './home/overview.ts';

export interface PageRoom {
  readonly platform: Platform;
  readonly readAsset: ReadAsset;
  readonly overview: () => Promise<Overview>;
  /** The value of PUBLIC_URL. When it is empty, the origin of the request takes its place. */
  readonly publicUrl: string;
  /** True for a host whose root is the listing of a channel (RELEASE_HOST_SUFFIX). */
  readonly isChannelHost: (host: string) => boolean;
}

/** Headers that forbid content of other hosts, inline scripts and styles, and pages that frame ours. */
const SECURITY = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
} as const;

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
/** A browser asks again each time, and gets 304 until a deployment changes the file. */
const REVALIDATED = 'public, no-cache';
const CACHED_FOR_30_S = 'public, max-age=30';

/** Every fixed path, with the file of the build that it answers with and the type of it. */
const FILES = {
  '/console': ['/console.html', HTML],
  '/api/docs': ['/api/docs.html', HTML],
  '/api/openapi.json': ['/api/openapi.json', 'application/json'],
  '/assets/style.css': ['/assets/style.css', 'text/css; charset=utf-8'],
  '/assets/console.js': ['/assets/console.js', SCRIPT],
  '/assets/editor.js': ['/assets/editor.js', SCRIPT],
  '/assets/engine.js': ['/assets/engine.js', SCRIPT],
  '/assets/plots.js': ['/assets/plots.js', SCRIPT],
  '/assets/copy.js': ['/assets/copy.js', SCRIPT],
  '/assets/icon.svg': ['/assets/icon.svg', 'image/svg+xml'],
} as const;

/** Returns the routes of `/`, `/console`, `/assets/*`, `/api/docs` and `/api/openapi.json`. */
export function pageRoutes({ platform, readAsset, overview, publicUrl, isChannelHost }: PageRoom) {
  const app: App = new Hono();
  const assets = new Assets(readAsset);

  for (const [path, [file, contentType]] of Object.entries(FILES)) {
    app.on(['GET', 'HEAD'], path, async ({ req, get }) => {
      const asset = await assets.get(file);
      if (!asset.ok) {
        get('log').set(causeFields(asset.error));
        return problemLine({ code: 'unavailable', detail: asset.error.sentence }, req.method);
      }
      const { bytes, etag } = asset.value;
      const headers = { ...SECURITY, etag, 'cache-control': REVALIDATED };
      const outcome = evaluatePreconditions(req.raw.headers, { etag }, platform.now());
      if (outcome === 'not-modified') return new Response(null, { status: 304, headers });
      if (outcome === 'failed')
        return problemLine({ code: 'precondition-failed', detail: 'precondition failed' }, req.method);
      const body = req.method === 'HEAD' ? null : bytes;
      return new Response(body, { headers: { ...headers, 'content-type': contentType } });
    });
    app.all(path, ({ req }) => problemLine(methodNotAllowed('GET, HEAD'), req.method));
  }

  app.all('/', async ({ req }, next) => {
    const { host, origin } = new URL(req.url);
    if (isChannelHost(host)) return await next();
    if (req.method !== 'GET' && req.method !== 'HEAD') return problemLine(methodNotAllowed('GET, HEAD'), req.method);
    const page = req.method === 'HEAD' ? null : String(homePage(await overview(), publicUrl || origin));
    return new Response(page, { headers: { ...SECURITY, 'content-type': HTML, 'cache-control': CACHED_FOR_30_S } });
  });
  return app;
}
