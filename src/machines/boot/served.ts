/** Keeps what a machine was given last, so that an operator can see what would be different now. */
import { understood } from '../../shared/r2-documents.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { parseSealed } from '../records/model.ts';
import type { ServedFacts, ServedStore } from '../records/served.ts';
import type { Vault } from '../records/vault.ts';

interface ServedPorts {
  readonly served: ServedStore;
  readonly vault: Vault;
}

/** What stands for the machine's own URL, here and where an operator is told what it would boot now. */
export const SAMPLE_URL = 'https://edge.invalid/boot/machine.epoch.nonce.0.mac';

/** The id is in the context, and so is the digest: no text opens in another's place. */
const contextOf = (id: string, sha512: string): string => `served:${id}:${sha512}`;

/** Keeps a config unless it is the one that is kept already. A fault is left to the next boot. */
export async function keepServed(
  { served, vault }: ServedPorts,
  id: string,
  body: string,
  facts: ServedFacts,
): Promise<void> {
  const kept = await served.digest(id);
  if (!kept.ok || kept.value === facts.sha512) return;
  const sealed = await vault.seal(withoutUrls(body, id), contextOf(id, facts.sha512));
  await served.write(id, JSON.stringify(sealed), facts);
}

export interface LastServed extends ServedFacts {
  readonly text: string;
}

/** Returns what the machine got last; `none` where nothing is kept, or a key that has gone sealed it. */
export async function lastServed(
  { served, vault }: ServedPorts,
  id: string,
): Promise<Result<LastServed, { readonly reason: 'none' } | StoreFault>> {
  const kept = await served.read(id);
  if (!kept.ok) return kept;
  if (kept.value === undefined) return err({ reason: 'none' });
  const { text, facts } = kept.value;
  const sealed = understood('served', parseSealed(text));
  const opened = sealed.ok ? await vault.open(sealed.value, contextOf(id, facts.sha512)) : sealed;
  return opened.ok ? ok({ ...facts, text: opened.value }) : err({ reason: 'none' });
}

const IN_CAPABILITY = /[\w.-]/;
/** No URL goes on over these. */
const NO_ORIGIN = /[\s"'\\,]/;
/** A URL begins this far before its path at most: a scheme and the name of a host. */
const MOST_ORIGIN = 300;

/** How a URL stands in a config: as it is, or percent-encoded in a `data:` URL. */
const SPELLINGS = [
  { mark: (id: string) => `/boot/${id}.`, written: SAMPLE_URL },
  { mark: (id: string) => `%2Fboot%2F${id}.`, written: encodeURIComponent(SAMPLE_URL) },
] as const;

/** The capability is told when it is issued, and kept nowhere. One pass over the text for each spelling. */
export const withoutUrls = (text: string, id: string): string =>
  SPELLINGS.reduce((shown, { mark, written }) => without(shown, mark(id), written), text);

function without(text: string, mark: string, written: string): string {
  let shown = '';
  let at = 0;
  for (;;) {
    const found = text.indexOf(mark, at);
    if (found < 0) return shown + text.slice(at);
    let end = found + mark.length;
    while (end < text.length && IN_CAPABILITY.test(text[end] ?? '')) end += 1;
    shown += text.slice(at, originBefore(text, at, found)) + written;
    at = end;
  }
}

/** Returns where the URL begins whose path begins at `path`; `path` itself where no scheme stands near before it. */
function originBefore(text: string, at: number, path: number): number {
  const near = Math.max(at, path - MOST_ORIGIN);
  const scheme = text.slice(near, path).lastIndexOf('http');
  if (scheme < 0) return path;
  const origin = text.slice(near + scheme, path);
  return NO_ORIGIN.test(origin) ? path : near + scheme;
}
