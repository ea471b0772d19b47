/** What one play of the release hosts holds: files, aliases, switches and faults. Each test has its own. */
import { createHash } from 'node:crypto';

export interface StoredFile {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly modified: Date;
}

/** What this upstream cannot do, or does badly. */
export interface Switches {
  ranges: boolean;
  preconditions: boolean;
  etag: boolean;
  lastModified: boolean;
  length: boolean;
}

/** A fault for the requests that match; the first rule that still has turns left counts. */
export interface Rule {
  /** Regular expression over the path below the tenant. */
  readonly path: string;
  readonly method?: string;
  /** Requests to let pass first. */
  readonly skip?: number;
  /** How often it strikes; absent: always. */
  readonly times?: number;
  readonly status?: number;
  readonly location?: string;
  readonly delayMs?: number;
  /** A pause before each 256 KiB. */
  readonly chunkDelayMs?: number;
  /** Bytes of the body after which the connection is dropped. */
  readonly cutAfter?: number;
  /** Bytes after which nothing more comes though the connection stays. */
  readonly hangAfter?: number;
  /** Body bytes sent past the announced end (chunked, without a length). */
  readonly endless?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  /** 0 while the answer is under way. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export class Tenant {
  readonly files = new Map<string, StoredFile>();
  /** `channel/board/alias` -> version. */
  readonly aliases = new Map<string, string>();
  readonly log: LoggedRequest[] = [];
  readonly switches: Switches = { ranges: true, preconditions: true, etag: true, lastModified: true, length: true };
  #rules: { rule: Rule; seen: number }[] = [];

  put(path: string, bytes: Buffer, modified = new Date()): void {
    const etag = `"${createHash('sha1').update(bytes).digest('hex').slice(0, 16)}"`;
    this.files.set(path, { bytes, etag, modified });
  }

  set rules(rules: readonly Rule[]) {
    this.#rules = rules.map((rule) => ({ rule, seen: 0 }));
  }

  /** The fault for this request, counting it. */
  strike(method: string, path: string): Rule | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (!new RegExp(rule.path).test(path)) continue;
      if (rule.method !== undefined && rule.method !== method) continue;
      entry.seen += 1;
      const turn = entry.seen - (rule.skip ?? 0);
      if (turn >= 1 && turn <= (rule.times ?? Number.POSITIVE_INFINITY)) return rule;
    }
    return undefined;
  }
}
