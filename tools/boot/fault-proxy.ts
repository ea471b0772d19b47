/** Stands between the guest and the edge, and spoils what it is told to: a cut, an error without Retry-After, a silence. */
import { request as ask, createServer, type ServerResponse } from 'node:http';

export type Fault =
  /** Nobody answers: the connection ends at once, as where a server is down. */
  | { readonly kind: 'down' }
  /** The connection ends after half of the body. */
  | { readonly kind: 'cut' }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'silence'; readonly milliseconds: number };

export interface FaultProxy {
  readonly port: number;
  /** What was answered, in order; 0 for a connection that broke off. */
  readonly answered: readonly { readonly path: string; readonly status: number }[];
  /** Spoils the next `times` requests of paths that fit. What it returns ends that before. */
  spoil(path: RegExp, fault: Fault, times: number): () => void;
  /** Is called before a request is passed on. */
  before(path: RegExp, work: () => Promise<void>): void;
  close(): Promise<void>;
}

interface Rule {
  readonly path: RegExp;
  readonly fault: Fault;
  left: number;
}

/** Listens on loopback, in front of the edge on `target`, another port. It hands on the Host that it is asked with. */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const rules: Rule[] = [];
  const hooks: { readonly path: RegExp; readonly work: () => Promise<void> }[] = [];
  const answered: { path: string; status: number }[] = [];
  const server = createServer(async (incoming, answer) => {
    const path = incoming.url ?? '/';
    answer.once('close', () => answered.push({ path, status: answer.writableFinished ? answer.statusCode : 0 }));
    for (const hook of hooks) if (hook.path.test(path)) await hook.work();
    const rule = rules.find((known) => known.left > 0 && known.path.test(path));
    if (rule !== undefined) rule.left -= 1;
    const { fault } = rule ?? {};
    if (fault?.kind === 'down') {
      incoming.socket.destroy();
      return;
    }
    if (fault?.kind === 'status') {
      answer.writeHead(fault.status, { 'content-length': 0 });
      answer.end();
      return;
    }
    if (fault?.kind === 'silence') await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
    const { method, headers } = incoming;
    const outgoing = ask({ host: '127.0.0.1', port: target, path, method, headers }, (from) => {
      answer.writeHead(from.statusCode ?? 502, from.headers);
      // What breaks off there breaks off here.
      from.once('close', () => {
        if (!from.complete) answer.destroy();
      });
      if (fault?.kind === 'cut') cutHalf(from, Number(from.headers['content-length'] ?? 0), answer);
      else from.pipe(answer);
    });
    outgoing.once('error', () => answer.destroy());
    outgoing.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    answered,
    spoil: (path, fault, times) => {
      const rule = { path, fault, left: times };
      rules.push(rule);
      return () => {
        rule.left = 0;
      };
    },
    before: (path, work) => void hooks.push({ path, work }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function cutHalf(from: NodeJS.ReadableStream, length: number, answer: ServerResponse): void {
  let sent = 0;
  from.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, Math.max(0, Math.floor(length / 2) - sent));
    sent += part.length;
    answer.write(part, () => {
      if (sent >= Math.floor(length / 2)) answer.destroy();
    });
  });
}
