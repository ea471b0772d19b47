/** Decides where a redirect may lead. Without it, an upstream could make us read our own network. No I/O. */

export interface RedirectPolicy {
  /** `host` or `host:port` of the servers that the configuration names. Redirects among them are allowed. */
  readonly ownHosts: readonly string[];
  /** `host` (with any port) or `host:port` of more servers to which a redirect may lead. */
  readonly allowedHosts: readonly string[];
}

/**
 * Returns true when a redirect from `from` to `target` may be followed. The scheme must be http or https, and https
 * must not become http. The URL must have no credentials, and a host of the policy. A literal private address is an
 * unlisted host like any other.
 */
export function mayRedirect(policy: RedirectPolicy, from: URL, target: URL): boolean {
  if (!/^https?:$/.test(target.protocol)) return false;
  if (target.username !== '' || target.password !== '') return false;
  if (from.protocol === 'https:' && target.protocol === 'http:') return false;
  const own = policy.ownHosts.some((host) => host === target.host);
  // `URL` drops a default port. It is added back here, so that the entry `host:443` matches a URL without a port.
  const withPort = `${target.hostname}:${target.port || (target.protocol === 'https:' ? '443' : '80')}`;
  const listed = policy.allowedHosts.some((host) => host === target.hostname || host === withPort);
  return own || listed;
}
