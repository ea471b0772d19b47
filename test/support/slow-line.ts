/** A slow line in front of a server: what goes through it is not changed. */
import { connect, createServer, type Socket } from 'node:net';

export interface SlowLine {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on loopback in front of `target`; all connections together get `bytesPerSecond` of what the server sends. */
export async function startSlowLine(target: string, bytesPerSecond: number): Promise<SlowLine> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let freeAt = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const origin = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    for (const socket of [client, origin]) {
      open.add(socket);
      socket.on('error', () => {
        client.destroy();
        origin.destroy();
      });
      socket.on('close', () => open.delete(socket));
    }
    client.on('data', (chunk) => origin.write(chunk));
    client.on('end', () => origin.end());
    // What is written already goes out before the end does.
    origin.on('end', () => client.end());
    origin.on('data', (chunk) => {
      client.write(chunk);
      origin.pause();
      freeAt = Math.max(freeAt, performance.now()) + (chunk.length / bytesPerSecond) * 1000;
      setTimeout(() => origin.resume(), freeAt - performance.now());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
