/** Plays the part of Cloudflare's API that a deployment uses, for one account, so that the real wrangler can be run against it. */
import { createServer, type IncomingMessage } from 'node:http';

interface Upload {
  /** The Worker's name. */
  readonly worker: string;
  readonly limits: { readonly cpu_ms?: number } | undefined;
  readonly bindings: readonly { readonly name: string; readonly type: string; readonly [more: string]: unknown }[];
  /** Names of the secrets that went along. */
  readonly secrets: readonly string[];
}

export interface PlayedAccount {
  /** For CLOUDFLARE_API_BASE_URL. */
  readonly url: string;
  readonly buckets: Set<string>;
  /** Title -> id. */
  readonly namespaces: Map<string, string>;
  readonly secrets: Set<string>;
  readonly workflows: Map<string, string>;
  readonly uploads: Upload[];
  readonly schedules: string[];
  readonly domains: string[];
  /** A call on the Worker that answers 500 from now on. */
  failing: string | undefined;
  close(): Promise<void>;
}

export const ACCOUNT = 'a'.repeat(32);
const NONE = { code: 10007, message: 'This Worker does not exist on your account.' };

type Answer = { result: unknown; status?: number; error?: { code: number; message: string } };

/** An empty account. */
export async function playAccount(): Promise<PlayedAccount> {
  const state = {
    buckets: new Set<string>(),
    namespaces: new Map<string, string>(),
    secrets: new Set<string>(),
    workflows: new Map<string, string>(),
    uploads: [] as Upload[],
    schedules: [] as string[],
    domains: [] as string[],
    failing: undefined as string | undefined,
  };
  const server = createServer(async (request, response) => {
    const body = await bytesOf(request);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    const path = pathname.replace('/client/v4', '').replace(`/accounts/${ACCOUNT}`, '');
    const answer = answerTo(state, request.method ?? 'GET', path, body);
    const { status = 200, error } = answer;
    // wrangler asks for pages until one is empty.
    const isPast = Number(searchParams.get('page') ?? 1) > 1 && Array.isArray(answer.result);
    const result = isPast ? [] : answer.result;
    const page = Array.isArray(result)
      ? { result_info: { page: 1, per_page: 1000, count: result.length, total_count: result.length } }
      : {};
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        success: error === undefined,
        errors: error === undefined ? [] : [error],
        messages: [],
        result,
        ...page,
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}/client/v4`,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}

type State = Omit<PlayedAccount, 'url' | 'close'>;

function answerTo(state: State, method: string, path: string, body: Buffer): Answer {
  const [room = '', name = '', ...rest] = path.slice(1).split('/');
  if (path.startsWith('/r2/buckets')) return buckets(state, method, rest[0], body);
  if (path.startsWith('/storage/kv/namespaces')) return namespaces(state, method, body);
  if (room === 'workflows') return workflows(state, method, name, body);
  if (room === 'workers') return workers(state, method, name, rest, body);
  if (path === '/accounts') return { result: [{ id: ACCOUNT, name: 'Acme' }] };
  if (path === '/memberships') return { result: [{ account: { id: ACCOUNT, name: 'Acme' }, roles: [] }] };
  if (path === '/user') return { result: { id: 'u', email: 'ops@example.org' } };
  return { result: {} };
}

function buckets({ buckets: known }: State, method: string, name: string | undefined, body: Buffer): Answer {
  const shown = (bucket: string) => ({ name: bucket, creation_date: '2026-01-01T00:00:00Z', location: 'WEUR' });
  if (method === 'POST') {
    const wanted = (JSON.parse(body.toString()) as { name: string }).name;
    known.add(wanted);
    return { result: shown(wanted) };
  }
  if (name === undefined || name === '') return { result: { buckets: [...known].map(shown) } };
  if (known.has(name)) return { result: shown(name) };
  return { result: null, status: 404, error: { code: 10006, message: 'The specified bucket does not exist.' } };
}

function namespaces({ namespaces: known }: State, method: string, body: Buffer): Answer {
  const shown = ([title, id]: [string, string]) => ({ id, title, supports_url_encoding: true });
  if (method !== 'POST') return { result: [...known].map(shown) };
  const { title } = JSON.parse(body.toString()) as { title: string };
  if (known.has(title)) return { result: null, status: 400, error: { code: 10014, message: 'title already exists' } };
  const id = String(known.size + 1).padStart(32, '0');
  known.set(title, id);
  return { result: shown([title, id]) };
}

function workflows({ workflows: known }: State, method: string, name: string, body: Buffer): Answer {
  if (method === 'PUT') known.set(name, (JSON.parse(body.toString()) as { script_name: string }).script_name);
  const owner = known.get(name);
  if (owner === undefined) return { result: null, status: 404, error: { code: 10200, message: 'workflow.not_found' } };
  return { result: { id: 'w', name, script_name: owner, class_name: 'MirrorRelease' } };
}

function workers(state: State, method: string, kind: string, [worker = '', ...rest]: string[], body: Buffer): Answer {
  const exists = state.uploads.some((upload) => upload.worker === worker);
  const what = rest[0] ?? '';
  if (kind === 'subdomain') return { result: { subdomain: 'acme' } };
  if (kind === 'services') {
    const script = { tag: 't', tags: [], last_deployed_from: 'wrangler' };
    return exists
      ? { result: { id: worker, default_environment: { environment: 'production', script } } }
      : { result: null, status: 404, error: NONE };
  }
  if (kind === 'workers')
    return {
      result: {
        id: 'x',
        name: worker,
        subdomain: { enabled: true, previews_enabled: false },
        observability: { enabled: true },
        tags: [],
      },
    };
  if (kind === 'domains') return { result: [] };
  if (kind !== 'scripts') return { result: {} };
  const isUpload = (method === 'PUT' && what === '') || (method === 'POST' && what === 'versions');
  if (isUpload) return upload(state, worker, body);
  if (what !== '' && what === state.failing)
    return { result: null, status: 400, error: { code: 10000, message: 'no' } };
  if (what === 'schedules') {
    state.schedules.splice(0, 9, ...(JSON.parse(body.toString()) as { cron: string }[]).map(({ cron }) => cron));
    return { result: { schedules: [] } };
  }
  // Static files: no file is wanted that was not sent before.
  if (what === 'assets-upload-session') return { result: { jwt: 'played', buckets: [] } };
  if (what === 'domains' && rest[1] === 'changeset')
    return { result: { added: [], removed: [], updated: [], conflicting: [] } };
  if (what === 'domains' && method === 'PUT') {
    const { origins } = JSON.parse(body.toString()) as { origins: { hostname: string }[] };
    state.domains.splice(0, 9, ...origins.map(({ hostname }) => hostname));
    return { result: [] };
  }
  if (what === 'subdomain') return { result: { enabled: true, previews_enabled: false } };
  if (!exists) return { result: null, status: 404, error: NONE };
  if (what === 'secrets') return { result: [...state.secrets].map((name) => ({ name, type: 'secret_text' })) };
  if (what === 'settings') return { result: { bindings: [], tags: [] } };
  if (what === 'deployments') {
    const version = { version_id: 'v1', percentage: 100 };
    const deployment = {
      id: 'd',
      source: 'wrangler',
      strategy: 'percentage',
      author_email: 'a',
      created_on: '2026-01-01',
      annotations: {},
    };
    return { result: { id: 'd', deployments: [{ ...deployment, versions: [version] }] } };
  }
  return { result: { items: [] } };
}

function upload({ uploads, secrets }: State, worker: string, body: Buffer): Answer {
  const [metadata = '{}'] = /\{"main_module".*/.exec(body.toString('latin1')) ?? [];
  const { bindings, limits } = JSON.parse(metadata.trim()) as Upload;
  const sent = bindings.filter(({ type }) => type === 'secret_text').map(({ name }) => name);
  for (const name of sent) secrets.add(name);
  uploads.push({ worker, limits, bindings, secrets: sent });
  return {
    result: {
      ...{
        id: 'v1',
        tag: 't',
        etag: 'e',
        startup_time_ms: 10,
        deployment_id: '1'.repeat(32),
        entry_point: 'src/index.js',
      },
      ...{ metadata: { has_preview: false }, resources: { script: { etag: 'e' } } },
    },
  };
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
