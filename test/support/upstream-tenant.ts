/** One test's own play of the release hosts, steered from inside workerd. */
import { Buffer } from 'node:buffer';
import { inject } from 'vitest';
import type { KeyOrder, ReleaseOrder } from '../../tools/release-server/control.ts';
import type { LoggedRequest, Rule, Switches } from '../../tools/release-server/tenant.ts';

export interface KeyInfo {
  readonly fingerprint: string;
  readonly subkey: string;
  readonly armored: string;
  /** The same key with its subkey revoked as compromised. */
  readonly compromised: string;
}

let count = 0;

export class UpstreamTenant {
  readonly name: string;
  readonly base = inject('upstream');

  constructor(label: string) {
    count += 1;
    this.name = `${label}-${count}-${Math.random().toString(36).slice(2, 8)}`;
  }

  /** The value for UPSTREAM_URL. */
  get template(): string {
    return `${this.base}/${this.name}/{channel}/{board}/{version}/{file}`;
  }

  url(path: string): string {
    return `${this.base}/${this.name}/${path}`;
  }

  key = (order: KeyOrder) => this.#post<KeyInfo>('key', order);
  release = (order: ReleaseOrder) => this.#post<string[]>('release', order);
  rules = (...rules: Rule[]) => this.#post<null>('rules', rules);
  switches = (switches: Partial<Switches>) => this.#post<Switches>('switches', switches);
  remove = (path: string) => this.#post<boolean>('remove', { path });
  alias = (path: string, version: string) => this.#post<number>('alias', { path, version });
  flip = (path: string, flipAt: number) => this.#post('file', { path, flipAt });
  sign = (signatureOf: string, key: string, hash?: string) =>
    this.#post('file', { path: `${signatureOf}.sig`, signatureOf, key, hash });
  forget = () => this.#post<null>('forget', {});

  put(path: string, content: string | Uint8Array): Promise<unknown> {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    return this.#post('file', { path, base64: Buffer.from(bytes).toString('base64') });
  }

  /** The requests that reached the release host. */
  async log(pattern = /./): Promise<LoggedRequest[]> {
    const all = await this.#post<LoggedRequest[]>('log', {});
    return all.filter(({ path }) => pattern.test(path));
  }

  /** The bytes that upstream holds, fetched past every fault. */
  async bytes(path: string): Promise<Uint8Array> {
    const base64 = await this.#post<string>('content', { path });
    return new Uint8Array(Buffer.from(base64, 'base64'));
  }

  async #post<T>(action: string, order: unknown): Promise<T> {
    const send = () => fetch(`${this.base}/-/${this.name}/${action}`, { method: 'POST', body: JSON.stringify(order) });
    // Steering must not fail with what it steers: a kept connection may have been closed meanwhile.
    const response = await send().catch(send).catch(send);
    if (!response.ok) throw new Error(`${action}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
}
