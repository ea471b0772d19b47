/**
 * An HTTP server that stands in for the Flatcar release hosts. Like them it has a directory for each version, answers
 * 302 for `current`, supports Range, HEAD and ETag, and has no directory index. Files have the path
 * `/{tenant}/{channel}/{board}/{version}/{file}`; requests to `/-/…` control the server (control.ts).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Control, makeControl } from './control.ts';
import { sendBody } from './send.ts';
import { type Rule, type StoredFile, Tenant } from './tenant.ts';

export interface UpstreamServer {
  readonly url: string;
  readonly port: number;
  tenant(name: string): Tenant;
  close(): Promise<void>;
}

/** Starts the server on loopback. With port 0 it uses a free port. */
export async function startUpstream(port = 0): Promise<UpstreamServer> {
  const tenants = new Map<string, Tenant>();
  const tenant = (name: string): Tenant => {
    const found = tenants.get(name) ?? new Tenant();
    tenants.set(name, found);
    return found;
  };
  const control = makeControl(tenant);
  const server = createServer((request, response) => {
    answer(request, response, tenant, control).catch((cause: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(cause));
    });
  });
  await listen(server, port);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    tenant,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  tenantOf: (name: string) => Tenant,
  control: Control,
): Promise<void> {
  const [, name = '', ...rest] = (request.url ?? '/').split('/');
  if (name === '-') return await control(rest, request, response);
  const tenant = tenantOf(name);
  const path = rest.join('/');
  const method = request.method ?? 'GET';
  const rule = tenant.strike(method, path);
  const entry = { method, path, status: 0, headers: request.headers };
  tenant.log.push(entry);
  response.on('close', () => {
    entry.status = response.statusCode;
  });
  if (rule?.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, rule.delayMs).unref());
  if (rule?.status !== undefined) return reject(response, rule);
  const [channel = '', board = '', version = '', file = ''] = rest;
  const target = tenant.aliases.get(`${channel}/${board}/${version}`);
  if (target !== undefined) return redirect(response, `/${name}/${channel}/${board}/${target}/${file}`);
  const stored = tenant.files.get(path);
  if (stored === undefined) return reject(response, { path, status: 404 });
  await deliver(request, response, stored, tenant, rule);
}

function reject(response: ServerResponse, { status = 500, location, headers }: Rule): void {
  const extra = location === undefined ? {} : { location };
  response.writeHead(status, { 'content-type': 'text/html', ...extra, ...headers });
  response.end(`<p>${status}</p>`);
}

/** Answers for an alias as the Caddy server in front of the release hosts does. */
function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location, 'cache-control': 'max-age=300', server: 'Caddy' });
  response.end();
}

async function deliver(
  request: IncomingMessage,
  response: ServerResponse,
  file: StoredFile,
  { switches }: Tenant,
  rule: Rule | undefined,
): Promise<void> {
  const { etag, bytes } = file;
  const modified = file.modified.toUTCString();
  const headers: Record<string, string> = { 'content-type': 'application/octet-stream', 'set-cookie': 'spy=1' };
  if (switches.etag) headers['etag'] = etag;
  if (switches.lastModified) headers['last-modified'] = modified;
  if (switches.ranges) headers['accept-ranges'] = 'bytes';
  Object.assign(headers, rule?.headers);
  if (switches.preconditions && request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  const ifRange = request.headers['if-range'];
  const mayRange = switches.ranges && (ifRange === undefined || ifRange === etag || ifRange === modified);
  const range = mayRange ? /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') : null;
  const start = range ? Number(range[1]) : 0;
  const end = range?.[2] ? Math.min(Number(range[2]), bytes.length - 1) : bytes.length - 1;
  if (range && start >= bytes.length) {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${bytes.length}` });
    response.end();
    return;
  }
  if (range) headers['content-range'] = `bytes ${start}-${end}/${bytes.length}`;
  if (switches.length && rule?.endless === undefined) headers['content-length'] = String(end - start + 1);
  response.writeHead(range ? 206 : 200, headers);
  if (request.method === 'HEAD') response.end();
  else await sendBody(response, bytes.subarray(start, end + 1), rule);
}
