/** Shows what an alias names now, as the public paths serve it, and how its record came to that. */
import { isMirrored } from '../../releases/catalogue.ts';
import { type Alias, isRing, type Pair } from '../../releases/model.ts';
import { type NamesQuarantined, servedRelease } from '../../releases/serve/current.ts';
import { releaseProblem } from '../../releases/serve/problems.ts';
import { type AliasRecord, aliasMeaning, isMade } from '../../releases/store/alias.ts';
import type { Hold } from '../../releases/store/hold.ts';
import type { VersionFault } from '../../releases/upstream/version-source.ts';
import { sha256Hex } from '../../shared/bytes.ts';
import { entityTag } from '../../shared/http/precondition.ts';
import { ok, type Result } from '../../shared/result.ts';
import { isStoreFault, type StoreFault } from '../../shared/store.ts';
import { holdText } from '../aliases/hold-for.ts';
import type { AliasView } from './call-shapes.ts';
import type { MirrorRoom } from './room.ts';

type Ports = Pick<MirrorRoom, 'catalogue' | 'releases' | 'versionFiles'>;

/**
 * Returns the alias with the release that is served under its name. Where none is served, `version` is `null` and `fault`
 * says why; only a store that does not answer is an error.
 */
export async function viewAlias(
  { catalogue, releases, versionFiles }: Ports,
  pair: Pair,
  alias: Alias,
  record: AliasRecord,
): Promise<Result<AliasView, StoreFault>> {
  const { version: published, floor, pin, since, ring, holds } = record;
  const current = await servedRelease(releases, versionFiles, catalogue, pair, alias);
  if (!current.ok && isStoreFault(current.error)) return { ok: false, error: current.error };
  const meaning = aliasMeaning(record, isMirrored(catalogue, pair, alias));
  const own = meaning.kind === 'upstream' ? 'upstream' : meaning.pinned ? 'pin' : 'mirror';
  const from = isRing(alias) && pin === null ? 'ring' : own;
  return ok({
    ...{ channel: pair.channel, board: pair.board, alias },
    version: current.ok ? current.value.version : null,
    from: current.ok ? from : null,
    ...{ published, floor, pin },
    ...(since === undefined ? {} : { since }),
    ...(ring === undefined ? {} : { ring: { follows: ring.follows, after: ring.after } }),
    holds: holds.map(viewHold),
    ...(current.ok ? {} : { fault: isRing(alias) ? ringFault(record, current.error) : faultOf(current.error) }),
  });
}

function viewHold({ version, at, why, files, broken, causes, needs, seen }: Hold): AliasView['holds'][number] {
  const known = { files, broken, causes, needs, seen };
  const given = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  return { version, since: at, why, text: holdText({ version, at, why, ...known }), ...given };
}

function ringFault(record: AliasRecord, fault: VersionFault | NamesQuarantined): string {
  if (fault.reason !== 'absent') return faultOf(fault);
  const { ring, pin, fallen, holds } = record;
  if (pin !== null) return `it is pinned to ${pin}, which is not published`;
  if (fallen !== undefined) return `${fallen}, to which it was pinned, is quarantined; pin it to another release`;
  if (ring === undefined) return 'there is no ring of this name';
  const none = `no release that is published has been named by ${ring.follows} for ${ring.after}`;
  const [hold] = holds;
  return hold === undefined ? none : `${none} and is not held back: ${holdText(hold)}`;
}

const faultOf = (fault: VersionFault | NamesQuarantined): string =>
  fault.reason === 'quarantined'
    ? `upstream names ${fault.version}, which is quarantined here`
    : releaseProblem(fault).detail;

/** Returns the records of a pair's rings, and names those that cannot be read. A ring that was ended is none. */
export async function ringsOf({ releases }: Pick<MirrorRoom, 'releases'>, pair: Pair) {
  const rings = await releases.ringRecords(pair);
  if (!rings.ok) return rings;
  const found = rings.value.found.filter(({ record }) => isMade(record));
  const unreadable = rings.value.unreadable.map(({ alias, detail }) => ({
    ...{ id: `${pair.channel}/${pair.board}/${alias}`, reason: detail },
  }));
  return ok({ found, unreadable });
}

/** Returns the entity tag of an alias: it changes with what its record says, and with nothing else. */
export async function aliasTag({ version, floor, pin, fallen, ring, holds }: AliasRecord): Promise<string> {
  const text = JSON.stringify([
    'alias',
    version,
    floor,
    pin,
    ...(fallen === undefined ? [] : [`fallen ${fallen}`]),
    ...(ring === undefined ? [] : [ring.follows, ring.after]),
    ...holds.map((hold) => JSON.stringify(hold)),
  ]);
  return entityTag((await sha256Hex(new Uint8Array(new TextEncoder().encode(text)))).slice(0, 32));
}
