/** Fetching the published key file (SIGNING_KEY_URL). */
import { guardedFetch } from '../shared/http/guarded-fetch.ts';
import { readLimited } from '../shared/http/read-limited.ts';
import type { Platform } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';

export type KeySourceFault =
  | { readonly reason: 'key-unreachable'; readonly detail: string }
  | { readonly reason: 'key-timeout'; readonly detail: string }
  | { readonly reason: 'key-foreign-redirect'; readonly detail: string };

export type FetchKeyFile = () => Promise<Result<Uint8Array, KeySourceFault>>;

/** Flatcar's file is 26 KB in 2026; a keyring is no place for megabytes. */
const LIMIT_BYTES = 512 * 1024;

/** A fetcher for the key at `url`; redirects may lead to its own host and to `allowedHosts`. */
export function keySource(platform: Platform, url: string, allowedHosts: readonly string[]): FetchKeyFile {
  const policy = { ownHosts: [new URL(url).host], allowedHosts };
  return async () => {
    const answer = await guardedFetch(platform, { url, method: 'GET', policy });
    if (!answer.ok) {
      const { reason, detail } = answer.error;
      if (reason === 'timeout') return err({ reason: 'key-timeout', detail });
      const isRedirect = reason === 'foreign-redirect' || reason === 'redirect-loop';
      return err({ reason: isRedirect ? 'key-foreign-redirect' : 'key-unreachable', detail });
    }
    const { response } = answer.value;
    if (response.status !== 200) {
      await response.body?.cancel();
      return err({ reason: 'key-unreachable', detail: `answered ${response.status}` });
    }
    const body = await readLimited(platform, response.body, LIMIT_BYTES);
    return body.ok ? ok(body.value) : err({ reason: 'key-unreachable', detail: body.error.reason });
  };
}
