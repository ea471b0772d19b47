/** The client for programs: `import { flatcarEdge } from 'flatcar-edge'`. */
import { type ApiClient, apiClient, type ClientOptions } from './api-client.ts';
import { contract } from './contract/contract.ts';

/** Returns a client of the operator's API at `options.url`. The caller passes its own `fetch` as `options.send`. */
export const flatcarEdge = (options: ClientOptions): ApiClient => apiClient(contract, options);
