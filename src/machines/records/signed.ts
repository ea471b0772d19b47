/**
 * The proof that a stored record is what this service wrote. It stands in the record's summary, which `head` and `list`
 * return: `sha256` is the hash of the record's text, and `mac` signs the kind, the name and the rest of the summary,
 * hash included. An older deployment that rewrites a record leaves both out, so such a record has no stale signature.
 */
import { sha256Hex } from '../../shared/bytes.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Kind, MachineStore, Summary } from './bucket.ts';
import type { CopyStore } from './kv.ts';
import type { Vault } from './vault.ts';

/** What reading a record needs: its stores, and the keys that it is proven with. */
export interface RecordPorts {
  readonly store: MachineStore;
  readonly copies: CopyStore;
  readonly vault: Vault;
  /** True where the operator vouches for records without a signature, although all had been signed. */
  readonly acceptsUnsigned?: boolean;
}

const MARK = 'all records are signed';

/** Returns the SHA-256 of a record's text, in hexadecimal. */
export const textHash = async (text: string): Promise<string> =>
  await sha256Hex(new Uint8Array(new TextEncoder().encode(text)));

/** Returns the summary with the proof of `text`. Without any secret there is a hash, and no signature. */
export async function signedSummary(
  vault: Vault,
  kind: Kind,
  name: string,
  text: string,
  summary: Summary,
): Promise<Summary> {
  const hashed = { ...summary, sha256: await textHash(text) };
  const mac = await vault.sign(signedText(kind, name, hashed));
  return mac === undefined ? hashed : { ...hashed, mac };
}

/** Returns the id of the key that signed a summary; an empty text when it is not signed. */
export const signerOf = (summary: Summary): string => (summary['mac'] ?? '').split('.', 1)[0] ?? '';

/** Proves a summary. One without a signature counts until all records have been signed (`markSigned`). */
export async function checkSummary(
  ports: RecordPorts,
  kind: Kind,
  name: string,
  summary: Summary,
): Promise<Result<undefined, StoreFault>> {
  const what = `${kind} ${name}`;
  const refused = (detail: string) => err<StoreFault>({ reason: 'stored-malformed', what, detail });
  // Without a secret nothing can be proven, and nothing can boot either.
  if ((await ports.vault.keyIds()).length === 0) return ok(undefined);
  const { mac } = summary;
  if (mac === undefined) {
    if (ports.acceptsUnsigned === true) return ok(undefined);
    const marked = await areAllSigned(ports);
    if (!marked.ok) return marked;
    return marked.value ? refused('it is not signed, and all records are; PUT or DELETE replaces it') : ok(undefined);
  }
  const checked = await ports.vault.checkSignature(signedText(kind, name, summary), mac);
  if (checked.ok) return ok(undefined);
  return checked.error.reason === 'no-key'
    ? refused('STORAGE_KEY lacks the value that signed it')
    : refused('its signature does not hold: it is not what was written; PUT or DELETE replaces it');
}

/** Proves the text of a record by its summary. */
export async function checkRecord(
  ports: RecordPorts,
  kind: Kind,
  name: string,
  { text, summary }: { readonly text: string; readonly summary: Summary },
): Promise<Result<undefined, StoreFault>> {
  const checked = await checkSummary(ports, kind, name, summary);
  if (!checked.ok || (summary['mac'] === undefined && summary['sha256'] === undefined)) return checked;
  if ((await textHash(text)) === summary['sha256']) return checked;
  return err({
    reason: 'stored-malformed',
    what: `${kind} ${name}`,
    detail: 'its hash is another: it is not what was written; PUT or DELETE replaces it',
  });
}

/** Notes, in R2 and in KV, that every record is signed. From then on, a record without a signature is refused. */
export async function markSigned({ store, copies, vault }: RecordPorts): Promise<Result<undefined, StoreFault>> {
  const text = await vault.sign(MARK);
  if (text === undefined) return ok(undefined);
  const written = await store.writeMark(text);
  if (written.ok) await copies.write('records', 'signed', { text, etag: '' });
  return written;
}

/** Either mark is enough, so that somebody who writes only one of the two stores cannot take it away. */
async function areAllSigned({ store, copies, vault }: RecordPorts): Promise<Result<boolean, StoreFault>> {
  const [stored, copy] = await Promise.all([store.mark(), copies.read('records', 'signed')]);
  if (!stored.ok) return stored;
  for (const text of [stored.value, copy?.text]) {
    if (text !== undefined && (await vault.checkSignature(MARK, text)).ok) return ok(true);
  }
  return ok(false);
}

function signedText(kind: Kind, name: string, { mac: _mac, ...summary }: Summary): string {
  const fields = Object.entries(summary).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(['record', kind, name, fields]);
}
