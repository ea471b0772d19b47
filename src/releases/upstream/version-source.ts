/** Fetches a version.txt and its signature from upstream once, and checks everything that must be true of the two. */
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
  /** The signature is good, but the version is older than one that this alias has named before. */
  | { readonly reason: 'below-floor'; readonly version: Version; readonly floor: Version };

export interface VersionFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array;
  readonly facts: TaggedFacts;
  readonly version: Version;
  readonly signedBy: string;
}

/** A version.txt always has an entity tag: the one of upstream, or else the SHA-256 of its content. */
type TaggedFacts = FileFacts & { readonly etag: string };

interface TextWithSignature {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array;
  readonly facts: TaggedFacts;
}

const VERSION_TXT_LIMIT = 16 * 1024;
const SIGNATURE_LIMIT = 64 * 1024;

/** True when `version` is older than `floor`; no version is older than a floor of `null`. */
export const isBelow = (version: Version, floor: Version | null): boolean =>
  floor !== null && compareVersions(version, floor) < 0;

export class VersionSource {
  constructor(
    private readonly platform: Platform,
    private readonly upstream: Upstream,
    private readonly signatures: FileSignatures,
    /** Stores that an alias has named `version`, and returns the floor that is in force now. */
    private readonly raiseFloor: (
      file: UpstreamFile & { version: Alias },
      version: Version,
    ) => Promise<Result<Version | null, StoreFault>>,
  ) {}

  /**
   * Reads version.txt like `read`, for an alias that follows upstream. It also raises the floor of the alias to the
   * version that it found: from then on an older version is refused. Do not call it for an alias that we mirror:
   * upstream must not move the floor of that one, so `read` is the right call.
   */
  async follow(file: UpstreamFile, floor: Version | null): Promise<Result<VersionFile, VersionFault>> {
    const judged = await this.read(file, floor);
    if (!judged.ok || !isAlias(file.version)) return judged;
    const { version } = judged.value;
    const isNews = floor === null || compareVersions(version, floor) > 0;
    if (!isNews) return judged;
    const raised = await this.raiseFloor({ ...file, version: file.version }, version);
    if (!raised.ok) return raised;
    const floorNow = raised.value;
    return floorNow !== null && isBelow(version, floorNow)
      ? err({ reason: 'below-floor', version, floor: floorNow })
      : judged;
  }

  /**
   * Returns the verified version.txt of `file`. Below a numbered path the text must name that version. A version below
   * `floor` is an error.
   */
  async read(file: UpstreamFile, floor: Version | null): Promise<Result<VersionFile, VersionFault>> {
    const judged = await this.#fetchAndJudge(file, floor);
    // Text and signature take two requests. If the alias moves between them, the signature belongs to another text.
    const mayBeMixed = isAlias(file.version) && !judged.ok && judged.error.reason === 'bad-signature';
    return mayBeMixed ? await this.#fetchAndJudge(file, floor) : judged;
  }

  /** Checks the signature first, so that no unverified version.txt is parsed. */
  async judge(
    file: UpstreamFile,
    fetched: TextWithSignature,
    floor: Version | null,
  ): Promise<Result<VersionFile, VersionFault>> {
    const identified = await this.signatures.identify(fetched.signature);
    if (!identified.ok) return identified;
    const { keyring, signature } = identified.value;
    const verified = await verifyBytes(keyring, signature, fetched.bytes, this.platform.now());
    if (!verified.ok) return verified;
    const expected = isVersion(file.version) ? file.version : undefined;
    const fields = parseVersionTxt(fetched.bytes, file.channel, expected);
    if (!fields.ok) return fields;
    const { version } = fields.value;
    if (floor !== null && isBelow(version, floor)) return err({ reason: 'below-floor', version, floor });
    return ok({ ...fetched, version, signedBy: verified.value.signedBy });
  }

  async #fetchAndJudge(file: UpstreamFile, floor: Version | null) {
    const fetched = await this.#fetchBoth(file);
    return fetched.ok ? await this.judge(file, fetched.value, floor) : fetched;
  }

  async #fetchBoth(file: UpstreamFile): Promise<Result<TextWithSignature, VersionFault>> {
    const [text, signature] = await Promise.all([
      this.upstream.small(file, VERSION_TXT_LIMIT),
      this.upstream.small({ ...file, file: signatureOf(file.file) }, SIGNATURE_LIMIT),
    ]);
    if (!text.ok) return text;
    if (!signature.ok) return signature.error.reason === 'absent' ? err({ reason: 'signature-missing' }) : signature;
    const { bytes, facts } = text.value;
    // The texts of two releases can have the same length, so without a tag of upstream the content makes the tag.
    const etag = facts.upstreamTag ?? `"${await sha256Hex(bytes)}"`;
    return ok({ bytes, facts: { ...facts, etag }, signature: signature.value.bytes });
  }
}
