/** The operator's calls on machines and profiles, as tests make them. */
import { env } from 'cloudflare:workers';
import { type Edge, type EdgeOptions, edgeOver, OPERATOR, OPERATOR_TOKEN } from './edge.ts';
import { CAPABILITY_SECRET, type Issued } from './machine-texts.ts';

export interface MachineEdge extends Edge {
  call(method: string, path: string, body?: BodyInit): Promise<Response>;
  putMachine(id: string, userData: BodyInit, query?: string): Promise<Issued>;
  putProfile(name: string, texts: { base?: string; default?: string; engine?: string }): Promise<void>;
  /** The path of a URL that the edge gave out. */
  boot(url: string, init?: RequestInit): Promise<Response>;
}

export function machineEdge(options: EdgeOptions & { vars?: Record<string, string> } = {}): MachineEdge {
  const environment = {
    RELEASES: env.RELEASES,
    MACHINES: env.MACHINES,
    ...options.bindings,
    OPERATOR_TOKEN,
    CAPABILITY_SECRET,
    ...options.vars,
  };
  const edge = edgeOver(environment, options);
  const call = async (method: string, path: string, body?: BodyInit) =>
    await edge.fetch(path, { method, headers: OPERATOR, ...(body === undefined ? {} : { body }) });
  const must = async (response: Response) => {
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return response;
  };
  return {
    ...edge,
    call,
    putMachine: async (id, userData, query = '') =>
      (await (await must(await call('PUT', `/api/machines/${id}${query}`, userData))).json()) as Issued,
    putProfile: async (name, texts) => {
      if (texts.engine !== undefined)
        await must(await call('PUT', `/api/profiles/${name}`, JSON.stringify({ engine: texts.engine })));
      for (const part of ['base', 'default'] as const) {
        const text = texts[part];
        if (text !== undefined) await must(await call('PUT', `/api/profiles/${name}/${part}`, text));
      }
    },
    boot: (url, init) => edge.fetchUrl(url, init),
  };
}
