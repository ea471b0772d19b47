/** Fetches the published key file (SIGNING_KEY_URL). */
import { guardedFetch } from '../shared/http/guarded-fetch.ts';
import { readLimited } from '../shared/http/read-limited.ts';
import type { Platform } from '../shared/platform.ts';
import { err, type Result } from '../shared/result.ts';

export interface KeySourceFault {
  readonly reason: 'key-unreachable' | 'key-timeout' | 'key-foreign-redirect';
  readonly detail: string;
  /** The host of the request, for the operator. */
  readonly host: string;
  /** The error of the network, for the log. */
  readonly cause?: unknown;
}

export type FetchKeyFile = () => Promise<Result<Uint8Array, KeySourceFault>>;

/** The key file of Flatcar has 26 KB in 2026, so this limit leaves room for many more keys. */
const LIMIT_BYTES = 512 * 1024;

/** Returns a function that fetches the key file at `url`. Redirects may lead to its own host and to `allowedHosts`. */
export function keySource(platform: Platform, url: string, allowedHosts: readonly string[]): FetchKeyFile {
  const policy = { ownHosts: [new URL(url).host], allowedHosts };
  return async () => {
    const answer = await guardedFetch(platform, { url, method: 'GET', policy });
    if (!answer.ok) {
      const { reason, ...evidence } = answer.error;
      if (reason === 'timeout') return err({ reason: 'key-timeout', ...evidence });
      const isRedirect = reason === 'foreign-redirect' || reason === 'redirect-loop';
      return err({ reason: isRedirect ? 'key-foreign-redirect' : 'key-unreachable', ...evidence });
    }
    const { response, url: asked } = answer.value;
    const { host } = asked;
    if (response.status !== 200) {
      await response.body?.cancel();
      return err({ reason: 'key-unreachable', detail: `answered ${response.status}`, host });
    }
    const body = await readLimited(platform, response.body, LIMIT_BYTES);
    return body.ok ? body : err({ ...body.error, reason: 'key-unreachable', detail: body.error.reason, host });
  };
}
