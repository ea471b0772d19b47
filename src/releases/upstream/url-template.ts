/** URL templates with `{name}` in host or path. No I/O. */

import { err, ok, type Result } from '../../shared/result.ts';
import type { Catalogue } from '../catalogue.ts';

const KNOWN = ['channel', 'board', 'version', 'file'] as const;

export type TemplateValues = Readonly<Record<(typeof KNOWN)[number], string>>;

/** Puts `values` into `template`; the values are expected to be plain path segments already. */
export function expandTemplate(template: string, values: TemplateValues): string {
  return template.replace(/\{(channel|board|version|file)\}/g, (_, name: keyof TemplateValues) => values[name]);
}

/** The template itself when it makes legal http(s) URLs and can tell versions and files apart; else what is wrong. */
export function parseUpstreamTemplate(template: string): Result<string, string> {
  for (const needed of ['version', 'file'] as const) {
    if (!template.includes(`{${needed}}`)) return err(`must contain {${needed}}`);
  }
  const unknown = /\{([^}]*)\}/g;
  for (const [, name = ''] of template.matchAll(unknown)) {
    if (!KNOWN.some((known) => known === name)) return err(`does not know {${name}}`);
  }
  const sample = expandTemplate(template, { channel: 'c', board: 'b', version: '1', file: 'f' });
  if (!URL.canParse(sample)) return err('must be a URL once its names are filled in');
  const url = new URL(sample);
  if (!/^https?:$/.test(url.protocol)) return err('must be an http or https URL');
  if (url.username !== '' || url.password !== '') return err('must not carry credentials');
  return ok(template);
}

/** `host` or `host:port` of every URL the template can make for what is served. */
export function templateHosts(template: string, { pairs }: Catalogue): string[] {
  const hosts = pairs.map((pair) => new URL(expandTemplate(template, { ...pair, version: '1', file: 'f' })).host);
  return [...new Set(hosts)];
}
