/** The public routes besides the files of releases: `/releases.json`, `/feed.atom` and the trusted keyring. */
import { Hono } from 'hono';

import { causeFields } from '../../shared/cause.ts';
import { CACHE } from '../../shared/http/cache.ts';
import type { App, Call } from '../../shared/http/call.ts';
import { evaluatePreconditions } from '../../shared/http/conditional.ts';
import { type Problem, problemLine } from '../../shared/problem.ts';
import { armorKeyring } from '../../signing/keyring.ts';
import type { ProvenanceSigner } from '../../signing/provenance.ts';
import type { TrustedKeys } from '../../signing/trusted-keys.ts';
import { releaseProblem } from '../serve/problems.ts';
import type { ReleaseRoom } from '../serve/routes.ts';
import { EMPTY_PUBLIC_INDEX, type PublicIndex } from '../store/release-index.ts';
import { atomFeed } from './feed.ts';

const EMPTY_INDEX_TAG = '"none"';

/**
 * Returns the routes `/releases.json` and `/feed.atom`. Both answer GET and HEAD with an entity tag, and pages of any
 * origin may read them.
 */
export function publicRoutes({ store, publicUrl, platform }: Pick<ReleaseRoom, 'store' | 'publicUrl' | 'platform'>) {
  const app: App = new Hono();

  const serve = async (
    { req: { raw: request }, var: { log } }: Call,
    contentType: string,
    make: (index: PublicIndex, text: string) => string,
  ): Promise<Response> => {
    const stored = await store.publicIndex();
    if (!stored.ok) {
      log.set({ reason: stored.error.reason, ...causeFields(stored.error) });
      return problemLine(releaseProblem(stored.error), request.method);
    }
    const empty = { index: EMPTY_PUBLIC_INDEX, text: JSON.stringify(EMPTY_PUBLIC_INDEX), etag: EMPTY_INDEX_TAG };
    const { index, text, etag } = stored.value ?? empty;
    const headers = { etag, 'cache-control': CACHE.alias, 'access-control-allow-origin': '*' };
    const outcome = evaluatePreconditions(request.headers, { etag }, platform.now());
    if (outcome === 'not-modified') return new Response(null, { status: 304, headers });
    if (outcome === 'failed')
      return problemLine({ code: 'precondition-failed', detail: 'precondition failed' }, request.method);
    return new Response(request.method === 'HEAD' ? null : make(index, text), {
      headers: { ...headers, 'content-type': contentType },
    });
  };

  app.on(['GET', 'HEAD'], '/releases.json', (call) => serve(call, 'application/json', (_index, text) => text));
  app.on(['GET', 'HEAD'], '/feed.atom', (call) => {
    const origin = publicUrl || new URL(call.req.url).origin;
    return serve(call, 'application/atom+xml; charset=utf-8', (index) => atomFeed(index, origin));
  });
  return app;
}

const NO_PROVENANCE_KEY: Problem = { code: 'not-found', detail: 'no PROVENANCE_KEY is set here: nothing is signed' };

/**
 * Returns the route `/keys/signing-key.asc`, which answers with the trusted keyring in armor, for `gpg --import`, and
 * `/keys/provenance.pem`, the public key that provenance is signed with.
 */
export function keyRoutes(trustedKeys: TrustedKeys, signer: ProvenanceSigner | undefined): App {
  const app: App = new Hono();
  app.on(['GET', 'HEAD'], '/keys/signing-key.asc', async (context) => {
    const keyring = await trustedKeys.current();
    if (!keyring.ok) {
      context.var.log.set({ reason: keyring.error.reason, ...causeFields(keyring.error) });
      return problemLine(releaseProblem(keyring.error), context.req.raw.method);
    }
    const headers = { 'content-type': 'application/pgp-keys', 'cache-control': CACHE.keyring };
    return context.body(armorKeyring(keyring.value), 200, headers);
  });
  app.on(['GET', 'HEAD'], '/keys/provenance.pem', async (context) => {
    if (signer === undefined) return problemLine(NO_PROVENANCE_KEY, context.req.raw.method);
    const headers = { 'content-type': 'application/x-pem-file', 'cache-control': CACHE.keyring };
    return context.body(await signer.publicKey(), 200, headers);
  });
  return app;
}
