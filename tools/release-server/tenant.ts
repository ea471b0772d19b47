/** A tenant of the upstream server, with its own files, aliases, switches and faults. Each test has one. */
import { createHash } from 'node:crypto';

export interface StoredFile {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly modified: Date;
}

/** The abilities of this upstream. A test switches off those that its upstream must not have. */
export interface Switches {
  ranges: boolean;
  preconditions: boolean;
  etag: boolean;
  lastModified: boolean;
  length: boolean;
}

/** A fault for the requests that match. The first rule applies that matches and has not reached its `times`. */
export interface Rule {
  /** A regular expression for the path below the tenant. */
  readonly path: string;
  readonly method?: string;
  /** The number of matching requests that get no fault at first. */
  readonly skip?: number;
  /** The number of requests that get the fault; without it, all get it. */
  readonly times?: number;
  readonly status?: number;
  readonly location?: string;
  readonly delayMs?: number;
  /** A pause in milliseconds before each 256 KiB of the body. */
  readonly chunkDelayMs?: number;
  /** The server closes the connection after this number of bytes of the body. */
  readonly cutAfter?: number;
  /** The server sends nothing more after this number of bytes, but keeps the connection open. */
  readonly hangAfter?: number;
  /** The server sends this number of bytes after the end of the file, without a Content-Length. */
  readonly endless?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  /** The status of the answer; 0 until the answer has ended. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export class Tenant {
  readonly files = new Map<string, StoredFile>();
  /** The version of each alias, by `channel/board/alias`. */
  readonly aliases = new Map<string, string>();
  readonly log: LoggedRequest[] = [];
  readonly switches: Switches = { ranges: true, preconditions: true, etag: true, lastModified: true, length: true };
  #rules: { rule: Rule; matches: number }[] = [];

  put(path: string, bytes: Buffer, modified = new Date()): void {
    const etag = `"${createHash('sha1').update(bytes).digest('hex').slice(0, 16)}"`;
    this.files.set(path, { bytes, etag, modified });
  }

  set rules(rules: readonly Rule[]) {
    this.#rules = rules.map((rule) => ({ rule, matches: 0 }));
  }

  /** Returns the rule that applies to this request, and counts the request. */
  strike(method: string, path: string): Rule | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (!new RegExp(rule.path).test(path)) continue;
      if (rule.method !== undefined && rule.method !== method) continue;
      entry.matches += 1;
      const turn = entry.matches - (rule.skip ?? 0);
      if (turn >= 1 && turn <= (rule.times ?? Number.POSITIVE_INFINITY)) return rule;
    }
    return undefined;
  }
}
