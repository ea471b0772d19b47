/** Where a redirect may lead (an upstream that can send us anywhere could read our own network). No I/O. */

export interface RedirectPolicy {
  /** `host` or `host:port` of the servers we were configured to ask: redirects among them are fine. */
  readonly ownHosts: readonly string[];
  /** `host` (any port) or `host:port` that redirects may lead to besides. */
  readonly allowedHosts: readonly string[];
}

/**
 * True when `target` may be fetched after `from`: http or https, no credentials, no step down from https, and a host
 * that is our own or listed. A literal private address is an unlisted host like any other.
 */
export function mayRedirect(policy: RedirectPolicy, from: URL, target: URL): boolean {
  if (!/^https?:$/.test(target.protocol)) return false;
  if (target.username !== '' || target.password !== '') return false;
  if (from.protocol === 'https:' && target.protocol === 'http:') return false;
  const own = policy.ownHosts.some((host) => host === target.host);
  // URL drops a default port, so `allowed` without one covers every port of that host and `host:443` needs adding back.
  const withPort = `${target.hostname}:${target.port || (target.protocol === 'https:' ? '443' : '80')}`;
  const listed = policy.allowedHosts.some((host) => host === target.hostname || host === withPort);
  return own || listed;
}
