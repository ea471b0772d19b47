/** What workerd's streams have and Node's lack, as far as the service uses it. */

/** Gives this process `readAtLeast` of BYOB readers and `FixedLengthStream`. */
export function provideStreams(): void {
  Object.defineProperty(ReadableStreamBYOBReader.prototype, 'readAtLeast', { value: readAtLeast, configurable: true });
  Object.defineProperty(globalThis, 'FixedLengthStream', { value: LengthKeeper, configurable: true });
}

type Read = (view: Uint8Array, options: { min: number }) => Promise<unknown>;

/** Node has the standard's own way to say the same. */
function readAtLeast(this: { read: Read }, least: number, view: Uint8Array): Promise<unknown> {
  return this.read(view, { min: least });
}

class LengthKeeper extends TransformStream<Uint8Array, Uint8Array> {
  constructor(length: number) {
    let left = length;
    super({
      transform: (chunk, controller) => {
        left -= chunk.length;
        if (left < 0) throw new TypeError('Attempt to write too many bytes through a FixedLengthStream.');
        controller.enqueue(chunk);
      },
      flush: () => {
        if (left > 0) throw new TypeError('FixedLengthStream did not see all expected bytes before close().');
      },
    });
  }
}
