/** The client of the operator's API, for Node, Deno, Bun and browsers. The build writes its types from the contract. */
import { type ApiClient, apiClient, type CallTable } from '../../src/api/api-client.ts';

/** The table of calls. The build inserts it from the contract. */
declare const CALLS: CallTable;

interface Options {
  readonly url: string;
  readonly token?: string;
  /** Like `fetch`, which it is unless another one is given. */
  readonly send?: (url: string, init: RequestInit) => Promise<Response>;
}

/** Returns a client of the service at `url`. */
export const flatcarEdge = ({ url, token, send = (target, init) => fetch(target, init) }: Options): ApiClient =>
  apiClient(CALLS, { url: url.replace(/\/$/, ''), ...(token === undefined ? {} : { token }), send });
