/** Makes, checks and revokes tokens. A token is told once; the store keeps its hash. */
import { sha256Hex } from '../shared/bytes.ts';
import { type Conflict, change } from '../shared/document.ts';
import type { Precondition } from '../shared/http/precondition.ts';
import { entityTag } from '../shared/http/precondition.ts';
import { macOf, sameMac, toBase64Url } from '../shared/mac.ts';
import type { Platform } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { StoreFault } from '../shared/store.ts';
import type { AccessStore } from './bucket.ts';
import type { Caller, Scope } from './scopes.ts';
import { signedText, type TokenRecord } from './token-record.ts';

const TOKEN = /^fe\.([A-Za-z0-9][A-Za-z0-9_-]{0,63})\.([A-Za-z0-9_-]{43})$/;
const SECRET_BYTES = 32;

export interface TokenPorts {
  readonly platform: Platform;
  readonly store: AccessStore;
  /** Signs and proves records; `undefined` when no secret is set. */
  readonly keys: TokenKeys;
}

export type TokenFault =
  | StoreFault
  | Conflict
  | { readonly reason: 'no-secret' }
  | { readonly reason: 'unknown-token' }
  | { readonly reason: 'precondition'; readonly is: string };

export interface WantedToken {
  readonly name: string;
  readonly may: readonly Scope[];
  readonly prefix: string | undefined;
  /** Seconds from now; `undefined` means never. */
  readonly expiresIn: number | undefined;
  readonly createdBy: string;
}

/** The keys that sign the records of tokens: one for each secret, the newest first. */
export class TokenKeys {
  readonly #keys: Promise<readonly CryptoKey[]>;

  constructor(readonly secrets: readonly string[]) {
    this.#keys = Promise.all(secrets.map(keyOf));
  }

  async sign(text: string): Promise<string> {
    const [newest] = await this.#keys;
    if (newest === undefined) throw new Error('no secret');
    return await macOf(newest, text);
  }

  async proves(text: string, mac: string): Promise<boolean> {
    let matches = 0;
    for (const key of await this.#keys) matches |= sameMac(mac, await macOf(key, text));
    return matches === 1;
  }
}

async function keyOf(secret: string): Promise<CryptoKey> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`flatcar-edge tokens ${secret}`));
  return await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
}

/** Stores a token under its name and returns it, this once. A token of the same name ends. */
export async function makeToken(
  { platform, store, keys }: TokenPorts,
  { name, may, prefix, expiresIn, createdBy }: WantedToken,
  holds: Precondition,
): Promise<Result<{ readonly token: string; readonly record: TokenRecord; readonly etag: string }, TokenFault>> {
  if (keys.secrets.length === 0) return err({ reason: 'no-secret' });
  const token = `fe.${name}.${toBase64Url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)))}`;
  const now = platform.now();
  const stored = await change<TokenRecord, TokenFault>(platform, store.token(name), async (current) => {
    const is = holds(current === undefined ? undefined : entityTag(current.etag));
    if (is !== undefined) return err({ reason: 'precondition', is });
    const record = {
      name,
      may: [...may],
      ...(prefix === undefined ? {} : { prefix }),
      sha256: await hashOf(token),
      generation: (current?.value.generation ?? 0) + 1,
      createdAt: new Date(now).toISOString(),
      createdBy,
      expiresAt: expiresIn === undefined ? null : new Date(now + expiresIn * 1000).toISOString(),
      mac: '',
    };
    return ok({ ...record, mac: await keys.sign(signedText(record)) });
  });
  if (!stored.ok) return stored;
  if (stored.value === undefined) return err({ reason: 'conflict' });
  return ok({ token, record: stored.value.value, etag: stored.value.etag });
}

/** Ends a token at once. */
export async function revokeToken(
  { store }: TokenPorts,
  name: string,
  holds: Precondition,
): Promise<Result<TokenRecord | undefined, TokenFault>> {
  const stored = await store.token(name).read();
  // A record that cannot be read opens nothing, and may go.
  if (!stored.ok && stored.error.reason !== 'stored-malformed') return stored;
  if (stored.ok && stored.value === undefined) return err({ reason: 'unknown-token' });
  const current = stored.ok ? stored.value : undefined;
  const is = holds(current === undefined ? undefined : entityTag(current.etag));
  if (is !== undefined) return err({ reason: 'precondition', is });
  const removed = await store.removeToken(name);
  return removed.ok ? ok(current?.value) : removed;
}

/** Returns whose token a text is; `undefined` for one that is none, that has ended, or whose record is not proven. */
export async function callerOf(
  { platform, store, keys }: TokenPorts,
  token: string,
): Promise<Result<Caller | undefined, StoreFault>> {
  const [, name = ''] = TOKEN.exec(token) ?? [];
  if (name === '') return ok(undefined);
  const stored = await store.token(name).read();
  if (!stored.ok) return stored.error.reason === 'stored-malformed' ? ok(undefined) : stored;
  const record = stored.value?.value;
  if (record === undefined || record.name !== name || record.sha256 !== (await hashOf(token))) return ok(undefined);
  const hasEnded = record.expiresAt !== null && platform.now() >= Date.parse(record.expiresAt);
  if (hasEnded || !(await keys.proves(signedText(record), record.mac))) return ok(undefined);
  return ok({ who: `token ${name}`, may: new Set(record.may), prefix: record.prefix });
}

const hashOf = async (token: string): Promise<string> =>
  await sha256Hex(new Uint8Array(new TextEncoder().encode(token)));
