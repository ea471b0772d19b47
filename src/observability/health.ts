/** `/healthz`: whether the parts answer, and how long the signing key lasts; computed at most every 10 s. */

import type { StorageHealth } from '../machines/storage-health.ts';
import type { Platform } from '../shared/platform.ts';
import type { Result } from '../shared/result.ts';
import { daysLeft, expiryWarning, lastingSigningKey } from '../signing/keyring.ts';
import type { TrustedKeys } from '../signing/trusted-keys.ts';
import type { Health } from './health-answer.ts';

export interface HealthParts {
  readonly platform: Platform;
  readonly trustedKeys: TrustedKeys;
  readonly versions: Readonly<Record<string, string>>;
  /** One cheap call to each binding; an error or a silence of 3 s means that it fails. */
  readonly probes: Readonly<Record<string, () => Promise<Result<unknown, unknown>>>>;
  /** Which secrets what is stored was written under. */
  readonly storage: () => Promise<StorageHealth>;
}

const HELD_MS = 10_000;

/** A checker that remembers its last answer for 10 s; concurrent callers share one check. */
export function healthCheck(parts: HealthParts): () => Promise<Health> {
  let held: { readonly health: Promise<Health>; readonly until: number } | undefined;
  return async () => {
    const now = parts.platform.now();
    if (held === undefined || now >= held.until) {
      held = { health: compute(parts), until: now + HELD_MS };
      parts.platform.waitUntil(held.health);
    }
    return await held.health;
  };
}

async function compute(parts: HealthParts): Promise<Health> {
  const entries = Object.entries(parts.probes).map(async ([name, probe]) => {
    const outcome = await probe();
    return [name, outcome.ok ? 'ok' : 'failing'] as const;
  });
  const [bindings, signingKey, storage] = await Promise.all([
    Promise.all(entries),
    signingKeyHealth(parts),
    parts.storage(),
  ]);
  return {
    status: bindings.every(([, state]) => state === 'ok') ? 'ok' : 'failing',
    versions: parts.versions,
    bindings: Object.fromEntries(bindings),
    signingKey,
    storage,
  };
}

/** Days left on the signing key that lasts longest; a warning from 60 days on, and when there is no usable keyring. */
async function signingKeyHealth({ trustedKeys, platform }: HealthParts): Promise<Health['signingKey']> {
  const keyring = await trustedKeys.current();
  if (!keyring.ok) return { warning: `no trusted keyring: ${keyring.error.reason}` };
  const now = platform.now();
  const lasting = await lastingSigningKey(keyring.value, now);
  const warning = expiryWarning(lasting, now);
  const known =
    lasting === undefined
      ? {}
      : {
          fingerprint: lasting.fingerprint,
          expires: lasting.expires === undefined ? null : new Date(lasting.expires).toISOString(),
          daysLeft: daysLeft(lasting, now) ?? null,
        };
  return warning === undefined ? known : { ...known, warning };
}
