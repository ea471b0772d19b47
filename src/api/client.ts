/** For programs: `import { flatcarEdge } from 'flatcar-edge/client'`. */
import { type ApiClient, apiClient, type ClientOptions } from './api-client.ts';
import { contract } from './contract/contract.ts';

/** The operator's API of the edge at `url`; the runtime's own `fetch` is for the caller to hand in. */
export const flatcarEdge = (options: ClientOptions): ApiClient => apiClient(contract, options);
