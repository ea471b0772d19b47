/**
 * Runs Debian's Ignition on this machine as it would run in an initramfs: in a mount namespace with a kernel command line and a `/run`
 * of its own, and for a cloud's provider in a network namespace where nginx has the link-local address of the cloud.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, connect as dial } from 'node:net';
import { join } from 'node:path';

export interface IgnitionRun {
  /** 0 when both stages, `fetch` and `files`, were done; `null` when the time was over. */
  readonly code: number | null;
  readonly log: string;
  /** Returns the text of a file that it wrote; empty where it wrote none of that name. */
  file(path: string): string;
}

export interface IgnitionOptions {
  readonly ignition: string;
  /** An empty folder of this run. */
  readonly folder: string;
  readonly platform: string;
  readonly kernelLine: string;
  readonly withinMs?: number;
  readonly cloud?: Cloud;
}

/** What answers at 169.254.169.254. */
interface Cloud {
  readonly nginx: string;
  /** The path that stands for `/`, such as `/boot/{capability}/metadata/ec2/`. */
  readonly prefix: string;
  readonly edgePort: number;
}

const LINK_LOCAL = '169.254.169.254';

/** There is no SELinux here, and Ignition calls this all the same. */
const SETFILES = '#!/bin/sh\nexit 0\n';

/** The unshared shell: what it mounts and starts ends with it. */
const script = ({ folder, ignition, platform, cloud }: IgnitionOptions): string =>
  [
    'set -eu',
    `mount --bind ${folder}/cmdline /proc/cmdline`,
    'mount -t tmpfs run /run',
    'mkdir -p /run/ignition',
    ...(cloud === undefined
      ? []
      : [
          'ip link set lo up',
          `ip address add ${LINK_LOCAL}/32 dev lo`,
          `${cloud.nginx} -p ${folder} -c ${folder}/nginx.conf -e ${folder}/nginx.log`,
        ]),
    'for stage in fetch files; do',
    `  ${ignition} --platform=${platform} --root=${folder}/root --config-cache=/run/ignition.json --stage=$stage --log-to-stdout`,
    'done',
  ].join('\n');

/** Returns the location that makes nginx a cloud's metadata service; docs/booting.md shows it. `upstream` is `http://…/boot/…/metadata/…/`. */
export const metadataLocation = (host: string, upstream: string): string => `location / {
  proxy_set_header Host ${host};
  proxy_pass ${upstream};
}
`;

const nginxConf = (folder: string, { prefix, edgePort }: Cloud): string => `user root;
worker_processes 1;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/nginx-body;
  proxy_temp_path ${folder}/nginx-proxy;
  fastcgi_temp_path ${folder}/nginx-fastcgi;
  uwsgi_temp_path ${folder}/nginx-uwsgi;
  scgi_temp_path ${folder}/nginx-scgi;
  server {
    listen ${LINK_LOCAL}:80;
    ${metadataLocation(`127.0.0.1:${edgePort}`, `http://unix:${folder}/edge.socket:${prefix}`)}
  }
}
`;

/** Runs the stages `fetch` and `files`. */
export async function runIgnition(options: IgnitionOptions): Promise<IgnitionRun> {
  const { folder, kernelLine, cloud, withinMs = 60_000 } = options;
  mkdirSync(join(folder, 'root', 'etc', 'selinux'), { recursive: true });
  writeFileSync(join(folder, 'root', 'etc', 'selinux', 'config'), 'SELINUX=disabled\nSELINUXTYPE=targeted\n');
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin', 'setfiles'), SETFILES);
  chmodSync(join(folder, 'bin', 'setfiles'), 0o755);
  writeFileSync(join(folder, 'cmdline'), `${kernelLine}\n`);
  if (cloud !== undefined) writeFileSync(join(folder, 'nginx.conf'), nginxConf(folder, cloud));
  const bridge = cloud === undefined ? undefined : await bridgeTo(cloud.edgePort, join(folder, 'edge.socket'));
  const env = { ...process.env, PATH: `${join(folder, 'bin')}:/usr/sbin:/sbin:${process.env['PATH'] ?? ''}` };
  const namespaces = cloud === undefined ? ['-m'] : ['-m', '-n'];
  const run = spawn('unshare', [...namespaces, '-p', '-f', '--kill-child', 'sh', '-c', script(options)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [run.stdout, run.stderr])
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  const code = await new Promise<number | null>((resolve) => {
    const timer = setTimeout(() => run.kill('SIGKILL'), withinMs);
    run.once('exit', (status) => {
      clearTimeout(timer);
      resolve(status);
    });
  });
  await bridge?.close();
  return {
    code,
    log,
    file: (path) => (existsSync(join(folder, 'root', path)) ? readFileSync(join(folder, 'root', path), 'utf8') : ''),
  };
}

/** A network namespace does not reach the loopback of the machine, but a socket in the file system. */
async function bridgeTo(port: number, socketPath: string): Promise<{ close(): Promise<void> }> {
  const server = createServer((inside) => {
    const outside = dial(port, '127.0.0.1');
    inside.pipe(outside).pipe(inside);
    inside.on('error', () => outside.destroy());
    outside.on('error', () => inside.destroy());
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return { close: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}
