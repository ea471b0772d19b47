/** The rules of spec 3 for the `ignition` object: references, certificate authorities and proxies. No I/O. */

import type { Findings } from '../report.ts';
import type { ConfigV3 } from '../spec/v3.ts';
import { parseGoUrl } from '../urls/go-url.ts';
import { checkReference, checkReferenceV30, checkResource } from './resources.ts';

/** Reports the errors and warnings about the `ignition` object of a config in spec 3.`minor`. */
export function checkEngine({ ignition }: ConfigV3, minor: number, report: Findings): void {
  if (minor === 0) checkReferences30(ignition, report);
  else checkReferences(ignition, minor, report);
  for (const name of ['httpProxy', 'httpsProxy'] as const) {
    const proxy = ignition.proxy?.[name];
    if (proxy !== undefined) checkProxy(name, proxy, report);
  }
}

type Engine = ConfigV3['ignition'];

function checkReferences({ config, security }: Engine, minor: number, report: Findings): void {
  for (const [index, reference] of (config?.merge ?? []).entries()) {
    checkReference(reference, ['ignition', 'config', 'merge', index], minor, report);
  }
  checkResource(config?.replace, ['ignition', 'config', 'replace'], minor, report);
  for (const [index, authority] of (security?.tls?.certificateAuthorities ?? []).entries()) {
    checkReference(authority, ['ignition', 'security', 'tls', 'certificateAuthorities', index], minor, report);
  }
}

function checkReferences30({ config, security }: Engine, report: Findings): void {
  for (const [index, reference] of (config?.merge ?? []).entries()) {
    checkReferenceV30(reference, ['ignition', 'config', 'merge', index], report);
  }
  checkReferenceV30(config?.replace, ['ignition', 'config', 'replace'], report);
  for (const [index, authority] of (security?.tls?.certificateAuthorities ?? []).entries()) {
    const path = ['ignition', 'security', 'tls', 'certificateAuthorities', index];
    const isMissing = authority.source === undefined || authority.source === '';
    if (isMissing) report.error([...path, 'source'], 'source is required');
    checkReferenceV30(authority, path, report);
  }
}

function checkProxy(name: 'httpProxy' | 'httpsProxy', proxy: string, report: Findings): void {
  const path = ['ignition', 'proxy', name];
  const url = parseGoUrl(proxy);
  if (!url.ok) report.error(path, 'unable to parse url');
  else if (url.value.scheme !== 'http' && url.value.scheme !== 'https') report.error(path, 'proxies must be http(s)');
  else if (name === 'httpsProxy' && url.value.scheme === 'http') {
    report.warn(path, 'insecure plaintext HTTP proxy specified for HTTPS resources');
  }
}
