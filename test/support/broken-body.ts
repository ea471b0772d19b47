/** Bodies that begin well: half of what comes first, and then the connection is cut, or nothing comes any more. */

export type Break = 'cut' | 'stall';

const lost = (): Error => new Error('Network connection lost.');

/** A body of bytes that breaks. */
export function brokenBody(body: ReadableStream<Uint8Array>, how: Break): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let isBroken = false;
  return new ReadableStream({
    type: 'bytes',
    pull: async (controller) => {
      const next = isBroken ? undefined : await reader.read();
      isBroken = true;
      const half = next?.value?.slice(0, next.value.length / 2) ?? new Uint8Array();
      if (half.length > 0) controller.enqueue(half);
      else if (how === 'cut') controller.error(lost());
      else await new Promise(() => undefined);
    },
    cancel: () => reader.cancel(),
  });
}

const READERS = new Set<string | symbol>(['text', 'json', 'arrayBuffer', 'bytes', 'blob']);

/** The same for an object of R2, however its body is read; `undefined` for one that has none. */
export function withBrokenBody(object: unknown, how: Break): object | undefined {
  if (typeof object !== 'object' || object === null || !('body' in object)) return undefined;
  return new Proxy(object, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (name === 'body') return brokenBody(member as ReadableStream<Uint8Array>, how);
      if (!READERS.has(name)) return member;
      return async () => {
        if (how === 'cut') throw lost();
        await new Promise(() => undefined);
      };
    },
  });
}
