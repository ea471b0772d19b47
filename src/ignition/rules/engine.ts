/** What must hold of the `ignition` object: references, certificate authorities, proxies. No I/O. */
import type { Findings } from '../report.ts';
import type { ConfigV3 } from '../spec/v3.ts';
import { checkReference, checkResource } from './resources.ts';

/** Adds what is wrong with how the engine is told to fetch, in spec 3.`minor`. */
export function checkEngine({ ignition }: ConfigV3, minor: number, report: Findings): void {
  const { config, security, proxy } = ignition;
  for (const [index, reference] of (config?.merge ?? []).entries()) {
    checkReference(reference, ['ignition', 'config', 'merge', index], minor, report);
  }
  checkResource(config?.replace, ['ignition', 'config', 'replace'], minor, report);
  for (const [index, authority] of (security?.tls?.certificateAuthorities ?? []).entries()) {
    checkReference(authority, ['ignition', 'security', 'tls', 'certificateAuthorities', index], minor, report);
  }
  for (const name of ['httpProxy', 'httpsProxy'] as const) {
    const url = proxy?.[name];
    if (url === undefined || url === '') continue;
    const path = ['ignition', 'proxy', name];
    if (!/^https?:/i.test(url)) report.error(path, 'proxies must be http(s)');
    else if (name === 'httpsProxy' && /^http:/i.test(url)) {
      report.warn(path, 'insecure plaintext HTTP proxy specified for HTTPS resources');
    }
  }
}
