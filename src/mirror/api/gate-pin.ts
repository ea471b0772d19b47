/** The gate before an operator's change of a name: one that would break machines is refused, unless the operator insists. */
import { isMirrored } from '../../releases/catalogue.ts';
import { type Alias, isRing, type Pair, type Version } from '../../releases/model.ts';
import { releaseProblem } from '../../releases/serve/problems.ts';
import { ringName } from '../../releases/serve/ring.ts';
import { type AliasRecord, aliasMeaning } from '../../releases/store/alias.ts';
import type { Problem } from '../../shared/problem.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import { holdText } from '../aliases/hold-for.ts';
import type { Publisher } from '../publish.ts';
import type { Release } from '../store/bucket.ts';
import type { MirrorRoom } from './room.ts';

/** Returns nothing where the name may name the release; a 409 that says what would break; or one that asks for patience. */
export async function gatePin(
  publisher: Publisher,
  release: Release,
  alias: Alias,
  isForced: boolean,
): Promise<Result<undefined, Problem>> {
  const hold = await publisher.holdForPin(release, alias, isForced);
  if (!hold.ok) return err(releaseProblem(hold.error));
  if (hold.value === undefined) return ok(undefined);
  const detail = holdText(hold.value);
  if (hold.value.why === 'looking')
    return err({
      code: 'being-looked-at',
      detail: `${detail}; ask again in a minute, or overrule it with force=1`,
      headers: { 'retry-after': '60' },
    });
  const { files, broken, causes } = hold.value;
  const members = Object.fromEntries(
    Object.entries({ files, broken, causes }).filter(([, value]) => value !== undefined),
  );
  return err({ code: 'would-break', detail: `${detail}; nothing was changed; force=1 overrules it`, members });
}

/** Does the same for a change after which the name has no pin: it may name another release by that. */
export async function gateUnpinned(
  room: Pick<MirrorRoom, 'catalogue' | 'platform' | 'releases' | 'publisher'>,
  { alias, ...pair }: Pair & { readonly alias: Alias },
  ring: AliasRecord['ring'],
  isForced: boolean,
): Promise<Result<undefined, Problem>> {
  const named = await namedWithout(room, pair, alias, ring);
  if (!named.ok) return err(releaseProblem(named.error));
  return named.value === undefined
    ? ok(undefined)
    : await gatePin(room.publisher, { ...pair, version: named.value }, alias, isForced);
}

/** Returns what the name would name; `undefined` where it names nothing, or what upstream says. */
async function namedWithout(
  { catalogue, platform, releases }: Pick<MirrorRoom, 'catalogue' | 'platform' | 'releases'>,
  pair: Pair,
  alias: Alias,
  ring: AliasRecord['ring'],
): Promise<Result<Version | undefined, StoreFault>> {
  const stored = await releases.alias(pair, alias);
  if (!stored.ok) return stored;
  const record: AliasRecord = { ...stored.value, pin: null, ring };
  if (isRing(alias)) {
    const named = await ringName({ store: releases, platform }, pair, record);
    return named.ok ? ok(named.value?.version) : named;
  }
  const meaning = aliasMeaning(record, isMirrored(catalogue, pair, alias));
  return ok(meaning.kind === 'release' ? meaning.version : undefined);
}
