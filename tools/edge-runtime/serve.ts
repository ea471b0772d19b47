/**
 * A built Worker in a local runtime, as a process of its own: workerd with R2, KV and Workflows kept on disk. The parent sends an
 * order, then may change objects of R2; when the parent goes away, so does the runtime.
 */
import { readFileSync } from 'node:fs';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from 'miniflare';
import type { Answer, ObjectChange, Order } from './start.ts';

let runtime: Miniflare | undefined;

async function start({ worker, port, vars, persistTo }: Order): Promise<void> {
  const options = JSON.parse(readFileSync(worker, 'utf8')) as V4WorkerOptions;
  runtime = new Miniflare(
    convertV4MiniflareOptions({
      ...options,
      bindings: { ...options.bindings, ...vars },
      ...{ host: '127.0.0.1', port, resourcePersistencePath: persistTo, cf: false, log: new Log(LogLevel.WARN) },
    }),
  );
  await runtime.ready;
}

async function changeObject({ bucket, key, change }: ObjectChange): Promise<void> {
  const objects = (await runtime?.getBindings<Record<string, R2Bucket>>())?.[bucket];
  const object = await objects?.get(key);
  if (!objects || !object) throw new Error(`${bucket} holds no ${key}`);
  const { etag, httpMetadata = {} } = object;
  const value = { ...(await object.json<object>()), ...change };
  const written = await objects.put(key, JSON.stringify(value), { onlyIf: { etagMatches: etag }, httpMetadata });
  if (written === null) throw new Error(`${key} was written meanwhile`);
}

process.on('message', (message: Order | ObjectChange) => {
  const work = 'worker' in message ? start(message) : changeObject(message);
  work.then(
    () => process.send?.({ done: true } satisfies Answer),
    (cause: unknown) => process.send?.({ fault: String(cause) } satisfies Answer),
  );
});
process.on('disconnect', () => {
  void Promise.resolve(runtime?.dispose()).finally(() => process.exit());
});
