/** URL templates with placeholders such as `{channel}` in the host or the path (UPSTREAM_URL). No I/O. */

import { err, ok, type Result } from '../../shared/result.ts';
import type { Catalogue } from '../catalogue.ts';

const PLACEHOLDERS = ['channel', 'board', 'version', 'file'] as const;

export type TemplateValues = Readonly<Record<(typeof PLACEHOLDERS)[number], string>>;

/**
 * Returns `template` with `values` in place of its placeholders. It escapes nothing: values must be plain path
 * segments.
 */
export function expandTemplate(template: string, values: TemplateValues): string {
  return template.replace(/\{(channel|board|version|file)\}/g, (_, name: keyof TemplateValues) => values[name]);
}

/**
 * Returns the template if it makes http or https URLs and contains at least `{version}` and `{file}`. The error says in
 * words what is wrong.
 */
export function parseUpstreamTemplate(template: string): Result<string, string> {
  for (const needed of ['version', 'file'] as const) {
    if (!template.includes(`{${needed}}`)) return err(`must contain {${needed}}`);
  }
  for (const afterBrace of template.split('{').slice(1)) {
    const end = afterBrace.indexOf('}');
    const name = end === -1 ? undefined : afterBrace.slice(0, end);
    if (name !== undefined && !PLACEHOLDERS.some((placeholder) => placeholder === name))
      return err(`does not know {${name}}`);
  }
  const sample = expandTemplate(template, { channel: 'c', board: 'b', version: '1', file: 'f' });
  if (!URL.canParse(sample)) return err('must be a URL once its names are filled in');
  const url = new URL(sample);
  if (!/^https?:$/.test(url.protocol)) return err('must be an http or https URL');
  if (url.username !== '' || url.password !== '') return err('must not carry credentials');
  return ok(template);
}

/** Returns each different `host` or `host:port` of the URLs that the template makes for the pairs of the catalogue. */
export function templateHosts(template: string, { pairs }: Catalogue): string[] {
  const hosts = pairs.map((pair) => new URL(expandTemplate(template, { ...pair, version: '1', file: 'f' })).host);
  return [...new Set(hosts)];
}
