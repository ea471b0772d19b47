/**
 * Controls the upstream server over HTTP, because tests that run inside workerd cannot call Node. The calls are
 * `POST /-/{tenant}/{action}` with JSON, and `GET /-/{tenant}/log`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PrivateKey } from 'openpgp';
import { makeRelease } from './release.ts';
import {
  compromisedKeyText,
  detachSign,
  fingerprint,
  type HashName,
  type KeyOptions,
  makeSigningKey,
  publicKeyText,
} from './signing-key.ts';
import type { Rule, Switches, Tenant } from './tenant.ts';

/** Answers a control request. `segments` are the tenant and the action. */
export type Control = (segments: string[], request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The body of `POST /-/{tenant}/release`. */
export interface ReleaseOrder {
  readonly channel: string;
  readonly board: string;
  readonly version: string;
  readonly files?: Record<string, number | string>;
  /** The name of a key that `POST /-/{tenant}/key` made. Without it, the common key signs. */
  readonly key?: string;
  readonly hash?: HashName;
  /** A date in ISO 8601. */
  readonly signedAt?: string;
  readonly versionTxt?: string;
  readonly aliases?: readonly string[];
  readonly bare?: boolean;
}

/** The body of `POST /-/{tenant}/key`. */
export interface KeyOrder extends Omit<KeyOptions, 'created'> {
  readonly key: string;
  readonly created?: string;
}

/** The body of `POST /-/{tenant}/file`. */
interface FileOrder {
  readonly path: string;
  readonly base64?: string;
  readonly modified?: string;
  /** When set, the byte at this offset is inverted. */
  readonly flipAt?: number;
  /** When set, the content is a signature of the file at this path. */
  readonly signatureOf?: string;
  readonly key?: string;
  readonly hash?: HashName;
}

/** Returns the handler of control requests. `tenantOf` returns the tenant of a name. */
export function makeControl(tenantOf: (name: string) => Tenant): Control {
  const keys = new Map<string, Promise<PrivateKey>>();
  const keyNamed = (name: string): Promise<PrivateKey> => {
    const key = keys.get(name) ?? makeSigningKey();
    keys.set(name, key);
    return key;
  };

  const actions: Record<string, (tenant: Tenant, order: never) => Promise<unknown>> = {
    key: async (_tenant, order: KeyOrder) => {
      const { key, created, ...options } = order;
      if (!keys.has(key))
        keys.set(key, makeSigningKey({ ...options, ...(created ? { created: new Date(created) } : {}) }));
      const privateKey = await keyNamed(key);
      const subkey = privateKey.subkeys[0]?.getFingerprint().toUpperCase();
      const compromised = await compromisedKeyText(privateKey);
      return { fingerprint: fingerprint(privateKey), subkey, armored: publicKeyText(privateKey), compromised };
    },
    release: async (tenant, order: ReleaseOrder) => {
      const { channel, board, version, key = 'common', files = {}, signedAt, aliases = [], ...rest } = order;
      const at = signedAt === undefined ? undefined : new Date(signedAt);
      const releaseFiles = await makeRelease({ ...rest, version, files, key: await keyNamed(key), signedAt: at });
      for (const [name, bytes] of releaseFiles) tenant.put(`${channel}/${board}/${version}/${name}`, bytes);
      for (const alias of aliases) tenant.aliases.set(`${channel}/${board}/${alias}`, version);
      return [...releaseFiles.keys()];
    },
    file: async (tenant, order: FileOrder) => {
      const { path, base64, modified, flipAt, signatureOf, key = 'common', hash } = order;
      const current = tenant.files.get(signatureOf ?? path)?.bytes ?? Buffer.alloc(0);
      let bytes: Buffer = base64 === undefined ? Buffer.from(current) : Buffer.from(base64, 'base64');
      if (signatureOf !== undefined) bytes = await detachSign(await keyNamed(key), current, undefined, hash);
      if (flipAt !== undefined) bytes[flipAt] = (bytes[flipAt] ?? 0) ^ 0xff;
      tenant.put(path, bytes, modified === undefined ? new Date() : new Date(modified));
      return { size: bytes.length };
    },
    content: async (tenant, order: { path: string }) => tenant.files.get(order.path)?.bytes.toString('base64') ?? '',
    remove: async (tenant, order: { path: string }) => tenant.files.delete(order.path),
    alias: async (tenant, order: { path: string; version: string }) =>
      tenant.aliases.set(order.path, order.version).size,
    rules: async (tenant, order: readonly Rule[]) => {
      tenant.rules = order;
    },
    switches: async (tenant, order: Partial<Switches>) => Object.assign(tenant.switches, order),
    log: async (tenant) => tenant.log,
    forget: async (tenant) => {
      tenant.log.length = 0;
    },
  };

  return async ([name = '', action = ''], request, response) => {
    const act = actions[action];
    const text = await readText(request);
    const result = await act?.(tenantOf(name), (text === '' ? {} : JSON.parse(text)) as never);
    response.writeHead(act ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(result ?? null));
  };
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
