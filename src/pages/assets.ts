/** The static files that the build made, which the platform keeps beside the Worker. I/O: `ReadAsset`. */
import { sha256Hex } from '../shared/bytes.ts';
import { err, ok, type Result } from '../shared/result.ts';

/** Answers a GET of a path below public/ with the file, or with another status than 200. */
export type ReadAsset = (path: string) => Promise<Response>;

interface Asset {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Strong: two deployments with the same bytes have the same. */
  readonly etag: string;
}

interface AssetFault {
  readonly reason: 'unreadable';
  readonly sentence: string;
  readonly cause: unknown;
}

/** Keeps each file in the isolate once it was read. They cannot change while the Worker runs, and there are few of them. */
export class Assets {
  readonly #read: ReadAsset;
  readonly #known = new Map<string, Asset>();

  constructor(read: ReadAsset) {
    this.#read = read;
  }

  /** Returns the file at `path`. Nobody waits for the reading of another, whose client may have gone. */
  async get(path: string): Promise<Result<Asset, AssetFault>> {
    const known = this.#known.get(path);
    if (known !== undefined) return ok(known);
    try {
      const asset = await this.#readWhole(path);
      this.#known.set(path, asset);
      return ok(asset);
    } catch (cause) {
      return err({ reason: 'unreadable', sentence: `${path} of this deployment cannot be read; try again`, cause });
    }
  }

  async #readWhole(path: string): Promise<Asset> {
    const response = await this.#read(path);
    if (response.status !== 200) throw new Error(`the platform answered ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { bytes, etag: `"${(await sha256Hex(bytes)).slice(0, 24)}"` };
  }
}
