/** Computes the answer of `/healthz`: whether the bindings answer, and when the signing key expires. */

import type { StorageHealth } from '../machines/storage-health.ts';
import { filePath } from '../releases/model.ts';
import type { RefusedNote } from '../releases/store/notes/bucket.ts';
import type { Platform } from '../shared/platform.ts';
import type { Result } from '../shared/result.ts';
import { daysLeft, expiryWarning, lastingSigningKey } from '../signing/keyring.ts';
import type { TrustedKeys } from '../signing/trusted-keys.ts';
import type { Health } from './health-answer.ts';

export interface HealthParts {
  readonly platform: Platform;
  readonly trustedKeys: TrustedKeys;
  readonly versions: Readonly<Record<string, string>>;
  /** One cheap call to each binding. An error, which may be a timeout, means that the binding fails. */
  readonly probes: Readonly<Record<string, () => Promise<Result<unknown, unknown>>>>;
  /** Returns the files of upstream that were found bad. */
  readonly refused: () => Promise<Result<readonly RefusedNote[], unknown>>;
  /** What the configuration lacks, each with what to do about it. */
  readonly lacking: readonly string[];
  /** Returns which secrets the stored records need. */
  readonly storage: () => Promise<StorageHealth>;
}

const MOST_SHOWN = 20;
const REMEMBERED_MS = 10_000;

/** Returns a check that remembers its answer for 10 s. Concurrent callers share one check. */
export function healthCheck(parts: HealthParts): () => Promise<Health> {
  let remembered: { readonly health: Promise<Health>; readonly until: number } | undefined;
  return async () => {
    const now = parts.platform.now();
    if (remembered === undefined || now >= remembered.until) {
      remembered = { health: compute(parts), until: now + REMEMBERED_MS };
      parts.platform.waitUntil(remembered.health);
    }
    return await remembered.health;
  };
}

/** Returns the health that a stranger may read: whether the service works. */
export const publicHealth = ({ status }: Health): Health => ({ status });

async function compute(parts: HealthParts): Promise<Health> {
  const entries = Object.entries(parts.probes).map(async ([name, probe]) => {
    const outcome = await probe();
    return [name, outcome.ok ? 'ok' : 'failing'] as const;
  });
  const [bindings, refused, signingKey, storage] = await Promise.all([
    Promise.all(entries),
    parts.refused(),
    signingKeyHealth(parts),
    parts.storage(),
  ]);
  const isFailing = bindings.some(([, state]) => state === 'failing');
  // A store that does not answer is told by its binding.
  const notes = refused.ok ? refused.value : [];
  const shown = notes.map(({ file, reason, at }) => ({ path: filePath(file), reason, since: at })).slice(0, MOST_SHOWN);
  const todo = [
    ...bindings
      .filter(([, state]) => state === 'failing')
      .map(([name]) => `${name} does not answer: see the status page of the provider`),
    ...parts.lacking,
    ...(signingKey.warning === undefined ? [] : [`signing key: ${signingKey.warning}`]),
    ...(storage.warning === undefined ? [] : [`storage: ${storage.warning}`]),
    ...shown.map(
      ({ path, reason }) => `${path} is refused: ${reason}; it is tried again by itself, and served to nobody`,
    ),
  ];
  // A warning that can wait makes nothing worse today.
  const isDegraded = parts.lacking.length > 0 || notes.length > 0 || signingKey.fingerprint === undefined;
  return {
    status: isFailing ? 'failing' : isDegraded ? 'degraded' : 'ok',
    todo,
    versions: parts.versions,
    bindings: Object.fromEntries(bindings),
    refused: shown,
    signingKey,
    storage,
  };
}

/** Reports on the signing key that expires last. It warns below 60 days, and when there is no usable keyring. */
async function signingKeyHealth({ trustedKeys, platform }: HealthParts): Promise<NonNullable<Health['signingKey']>> {
  const keyring = await trustedKeys.current();
  if (!keyring.ok)
    return {
      warning: `there is no trusted keyring (${keyring.error.reason}): nothing can be verified; see SIGNING_KEY_URL`,
    };
  const now = platform.now();
  const lasting = await lastingSigningKey(keyring.value, now);
  const warning = expiryWarning(lasting, now);
  const keyDetails =
    lasting === undefined
      ? {}
      : {
          fingerprint: lasting.fingerprint,
          expires: lasting.expires === undefined ? null : new Date(lasting.expires).toISOString(),
          daysLeft: daysLeft(lasting, now) ?? null,
        };
  return warning === undefined ? keyDetails : { ...keyDetails, warning };
}
