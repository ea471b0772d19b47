/** A proxy as a badly set up zone is one: it passes everything on, but for what it is told to spoil. */
import { createServer, type IncomingMessage } from 'node:http';

export interface Meddling {
  /** Regular expression over the path. */
  readonly path: string;
  /** Answers this instead, whatever the service would. */
  readonly instead?: { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };
  /** Headers that the service does not get to see. */
  readonly hides?: readonly string[];
  /** Headers that are put on top. */
  readonly adds?: Readonly<Record<string, string>>;
}

export interface ZoneProxy {
  readonly url: string;
  meddle(rules: readonly Meddling[]): void;
  close(): Promise<void>;
}

/** Listens on loopback in front of `target`. */
export async function startProxy(target: string): Promise<ZoneProxy> {
  let rules: readonly Meddling[] = [];
  const server = createServer(async (request, response) => {
    const rule = rules.find(({ path }) => new RegExp(path).test(request.url ?? ''));
    if (rule?.instead !== undefined) {
      response.writeHead(rule.instead.status, rule.instead.headers ?? {});
      response.end(rule.instead.body ?? '');
      return;
    }
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? 'GET',
      headers: headersOf(request, rule?.hides ?? []),
      redirect: 'manual',
    });
    response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), ...rule?.adds });
    response.end(request.method === 'HEAD' ? undefined : Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    meddle: (wanted) => {
      rules = wanted;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Of one hop: they are not for the next one. */
const HOP = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding']);

function headersOf({ headers }: IncomingMessage, hidden: readonly string[]): Record<string, string> {
  const passed = Object.entries(headers).filter(([name]) => !HOP.has(name) && !hidden.includes(name));
  // What fetch decodes could not be passed on as it was.
  return { ...Object.fromEntries(passed.map(([name, value]) => [name, String(value)])), 'accept-encoding': 'identity' };
}
