/** Runs Debian's nginx with `proxy_cache` on loopback while the benchmark compares it with the edge. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../wrangler-dev.ts';

/** Calls `work` with the URL of a running nginx and returns its result; `undefined` when nginx is not installed. */
export async function withNginx<T>(
  upstream: string,
  folder: string,
  work: (url: string) => Promise<T>,
): Promise<T | undefined> {
  if (spawnSync('nginx', ['-v']).status !== 0) {
    console.log('  nginx is not installed: nothing is measured beside it');
    return undefined;
  }
  const home = join(folder, 'nginx');
  mkdirSync(join(home, 'logs'), { recursive: true });
  // The workers of nginx may run as another user, who must be able to read these folders.
  for (const directory of [folder, home]) chmodSync(directory, 0o755);
  const port = await freePort();
  writeFileSync(join(home, 'nginx.conf'), configuration(port, home, upstream));
  const child = spawn('nginx', ['-p', home, '-c', join(home, 'nginx.conf'), '-e', join(home, 'logs', 'error.log')], {
    stdio: 'ignore',
  });
  try {
    await waitUntilListening(`http://127.0.0.1:${port}/`);
    return await work(`http://127.0.0.1:${port}`);
  } finally {
    await stop(child);
  }
}

const configuration = (port: number, home: string, upstream: string): string => `
daemon off;
user root;
worker_processes 1;
pid ${home}/pid;
events { worker_connections 256; }
http {
  access_log off;
  sendfile on;
  proxy_cache_path ${home}/cache levels=1 keys_zone=c:10m max_size=4g;
  proxy_temp_path ${home}/temp;
  client_body_temp_path ${home}/body;
  fastcgi_temp_path ${home}/fastcgi;
  uwsgi_temp_path ${home}/uwsgi;
  scgi_temp_path ${home}/scgi;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass ${upstream}/;
      proxy_cache c;
      proxy_cache_valid 200 1h;
      proxy_ignore_headers Set-Cookie;
      proxy_max_temp_file_size 2048m;
    }
  }
}
`;

async function waitUntilListening(url: string): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) {
    if ((await fetch(url).catch(() => undefined)) !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nginx did not start');
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGQUIT');
    setTimeout(() => child.kill('SIGKILL'), 2_000).unref();
  });
}
