/** One look at upstream's version.txt and its signature, and everything that must hold of the two. */
import { sha256Hex } from '../../shared/bytes.ts';
import type { Platform } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { type VerificationFault, verifyBytes } from '../../signing/verification.ts';
import { signatureOf } from '../companions.ts';
import type { FileFacts } from '../delivery.ts';
import { type Alias, compareVersions, isAlias, isVersion, type Version } from '../model.ts';
import type { FileSignatureFault, FileSignatures } from './file-signatures.ts';
import type { Upstream, UpstreamFault, UpstreamFile } from './upstream.ts';
import { parseVersionTxt, type VersionTxtFault } from './version-txt.ts';

export type VersionFault =
  | UpstreamFault
  | FileSignatureFault
  | VerificationFault
  | VersionTxtFault
  | StoreFault
  /** Genuine, but older than what this alias has named before. */
  | { readonly reason: 'below-floor'; readonly version: Version; readonly floor: Version };

export interface VersionFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array;
  readonly facts: TaggedFacts;
  readonly version: Version;
  readonly signedBy: string;
}

/** A text this small always has a tag: upstream's, or its own content's. */
type TaggedFacts = FileFacts & { readonly etag: string };

interface FetchedPair {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array;
  readonly facts: TaggedFacts;
}

const VERSION_TXT_LIMIT = 16 * 1024;
const SIGNATURE_LIMIT = 64 * 1024;

export const isBelow = (version: Version, floor: Version | null): boolean =>
  floor !== null && compareVersions(version, floor) < 0;

export class VersionSource {
  constructor(
    private readonly platform: Platform,
    private readonly upstream: Upstream,
    private readonly signatures: FileSignatures,
    /** Remembers that an alias has named `version` and gives the floor that holds now; an error: it might be forgotten. */
    private readonly raiseFloor: (
      file: UpstreamFile & { version: Alias },
      version: Version,
    ) => Promise<Result<Version | null, StoreFault>>,
  ) {}

  /**
   * What an alias that follows upstream names now; that it named it is remembered, and from then on nothing older is taken.
   * For an alias that we mirror ourselves `read` is the call: upstream's word must not move it.
   */
  async follow(file: UpstreamFile, floor: Version | null): Promise<Result<VersionFile, VersionFault>> {
    const judged = await this.read(file, floor);
    if (!judged.ok || !isAlias(file.version)) return judged;
    const { version } = judged.value;
    const isNews = floor === null || compareVersions(version, floor) > 0;
    if (!isNews) return judged;
    const raised = await this.raiseFloor({ ...file, version: file.version }, version);
    if (!raised.ok) return raised;
    const holds = raised.value;
    return holds !== null && isBelow(version, holds) ? err({ reason: 'below-floor', version, floor: holds }) : judged;
  }

  /** Fetches and judges; a number must be the version inside, an alias must not fall below `floor`. */
  async read(file: UpstreamFile, floor: Version | null): Promise<Result<VersionFile, VersionFault>> {
    const judged = await this.#fetchAndJudge(file, floor);
    // Text and signature are two requests: an alias that moved between them gives a pair that never was one.
    const mayBeMixed = isAlias(file.version) && !judged.ok && judged.error.reason === 'bad-signature';
    return mayBeMixed ? await this.#fetchAndJudge(file, floor) : judged;
  }

  /** Signature first: not a byte of an unverified version.txt is even parsed. */
  async judge(
    file: UpstreamFile,
    pair: FetchedPair,
    floor: Version | null,
  ): Promise<Result<VersionFile, VersionFault>> {
    const known = await this.signatures.identify(pair.signature);
    if (!known.ok) return known;
    const { keyring, signature } = known.value;
    const verified = await verifyBytes(keyring, signature, pair.bytes, this.platform.now());
    if (!verified.ok) return verified;
    const expected = isVersion(file.version) ? file.version : undefined;
    const fields = parseVersionTxt(pair.bytes, file.channel, expected);
    if (!fields.ok) return fields;
    const { version } = fields.value;
    if (floor !== null && isBelow(version, floor)) return err({ reason: 'below-floor', version, floor });
    return ok({ ...pair, version, signedBy: verified.value.signedBy });
  }

  async #fetchAndJudge(file: UpstreamFile, floor: Version | null) {
    const pair = await this.#fetchPair(file);
    return pair.ok ? await this.judge(file, pair.value, floor) : pair;
  }

  async #fetchPair(file: UpstreamFile): Promise<Result<FetchedPair, VersionFault>> {
    const [text, signature] = await Promise.all([
      this.upstream.small(file, VERSION_TXT_LIMIT),
      this.upstream.small({ ...file, file: signatureOf(file.file) }, SIGNATURE_LIMIT),
    ]);
    if (!text.ok) return text;
    if (!signature.ok) return signature.error.reason === 'absent' ? err({ reason: 'signature-missing' }) : signature;
    const { bytes, facts } = text.value;
    // Two releases have texts of one length: without upstream's tag their content has to tell them apart.
    const etag = facts.upstreamTag ?? `"${await sha256Hex(bytes)}"`;
    return ok({ bytes, facts: { ...facts, etag }, signature: signature.value.bytes });
  }
}
