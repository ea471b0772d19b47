/** What the command line touches: arguments, files, the network, and where it writes. Tests pass their own. */
import { type ApiClient, apiClient, type CallFault, type CallTable } from '../api/api-client.ts';

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True when what is told on the way is seen by a person. */
  readonly isInteractive: boolean;
  readonly out: (text: string) => void;
  readonly tell: (text: string) => void;
  /** Reads a file; `-` is the standard input. */
  readonly read: (path: string) => Promise<Uint8Array<ArrayBuffer>>;
  /** Reads the text files in some folders of a folder, by their paths in it; a folder that is not there has none. */
  readonly files: (folder: string, names: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  readonly write: (path: string, text: string) => Promise<void>;
  readonly send: (url: string, init: RequestInit) => Promise<Response>;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** The table of calls. The build inserts it from the contract. */
declare const CALLS: CallTable;

/** How a command ends. */
export const EXIT = {
  done: 0,
  /** The service or the check says no: the config is not valid, the request is refused. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The service cannot be reached, or says that it fails. */
  unreachable: 3,
  /** Somebody else has written meanwhile, or it exists already. */
  overtaken: 4,
} as const;

/** Ends a command with a message and an exit code. It is how commands stop, and no bug. */
export class Stop extends Error {
  readonly code: number;
  /** The problem of a refused call, for `--json`. */
  readonly problem: unknown;

  constructor(message: string, code: number, problem?: unknown) {
    super(message);
    this.code = code;
    this.problem = problem;
  }
}

/** Returns a client of the service that FLATCAR_EDGE_URL and FLATCAR_EDGE_TOKEN, or the flags, name. */
export function clientFor(
  terminal: Terminal,
  flags: { readonly url?: string | undefined; readonly token?: string | undefined },
): ApiClient {
  const url = flags.url ?? terminal.env['FLATCAR_EDGE_URL'];
  // An empty variable is one that was not set.
  const token = flags.token ?? (terminal.env['FLATCAR_EDGE_TOKEN'] || undefined);
  if (url === undefined || url === '')
    throw new Stop('no service is named: set FLATCAR_EDGE_URL, or give --url https://mirror.example.org', EXIT.usage);
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new Stop(`${url} is no http or https URL`, EXIT.usage);
  const origin = url.replace(/\/$/, '');
  return apiClient(CALLS, { url: origin, ...(token === undefined ? {} : { token }), send: terminal.send });
}

/** Returns what a person has to know of a fault, and the exit code for it. */
export function stopOf(fault: CallFault): Stop {
  if (fault.reason === 'unreachable') return new Stop(fault.detail, EXIT.unreachable);
  const { status, problem } = fault;
  const { errors } = problem as { readonly errors?: readonly { readonly field: string; readonly message: string }[] };
  const more = (errors ?? []).slice(1).map(({ field, message }) => `\n  ${field}: ${message}`);
  const code = status === 412 ? EXIT.overtaken : status >= 500 ? EXIT.unreachable : EXIT.refused;
  const hint = status === 401 ? '\n  set FLATCAR_EDGE_TOKEN, or give --token' : '';
  return new Stop(`${problem.detail} (${status})${more.join('')}${hint}`, code, problem);
}
