/** Decides whether a name may move onto a release. No I/O. */
import { updateFile } from '../../releases/companions.ts';
import type { Version } from '../../releases/model.ts';
import type { AliasRecord } from '../../releases/store/alias.ts';
import type { Hold } from '../../releases/store/hold.ts';
import type { Manifest } from '../../releases/store/manifest.ts';

/** What is known of a name's machines and fleets. */
interface NameLook {
  readonly followers: number;
  readonly broken: number;
  readonly breaks: readonly {
    readonly cause: string;
    readonly count: number;
    readonly examples: readonly { readonly id: string }[];
  }[];
  readonly oems: readonly string[];
}

export type Looked =
  | { readonly state: 'looked'; readonly names: Readonly<Record<string, NameLook>> }
  | { readonly state: 'looking'; readonly looked: number };

/** Returns what is known of a name; a ring may have any name, such as `constructor`. */
export const lookOf = (names: Readonly<Record<string, NameLook>>, name: string): NameLook | undefined =>
  Object.hasOwn(names, name) ? names[name] : undefined;

/** What a decision goes by. */
export interface Grounds {
  readonly manifest: Pick<Manifest, 'version' | 'files'>;
  /** The files that a job copies. */
  readonly wanted: readonly string[];
  readonly looked: Looked;
  /** ISO 8601. */
  readonly now: string;
}

/** Kernel and initrd: with one of them alone, nothing boots by network. */
const PXE_PAIR = ['flatcar_production_pxe.vmlinuz', 'flatcar_production_pxe_image.cpio.gz'];
const CAUSES_SHOWN = 10;

/** Returns the name of the system extension of a cloud, as the initrd fetches it (`download_sysext` of bootengine). */
export const oemSysext = (oem: string): string => updateFile(`oem-${oem}.gz`);

/**
 * Returns why a name must not move onto the release now, or nothing. `served` are the files of the release that it names. A file holds
 * it only if it is served under the name now, and this mirror copies such files: others come from upstream, whatever the alias
 * names. An operator who has lifted the hold of this version has decided.
 */
export function holdFor(
  name: string,
  { lifted }: Pick<AliasRecord, 'lifted'>,
  served: Readonly<Record<string, unknown>>,
  { manifest, wanted, looked, now }: Grounds,
): Hold | undefined {
  const { version } = manifest;
  if (lifted.includes(version)) return undefined;
  const hold = (why: Hold['why'], rest: Partial<Hold>): Hold => ({ version, at: now, why, ...rest });
  const look = looked.state === 'looked' ? lookOf(looked.names, name) : undefined;
  const isMissing = (file: string) =>
    wanted.includes(file) && Object.hasOwn(served, file) && !Object.hasOwn(manifest.files, file);
  const files = [...PXE_PAIR, ...(look?.oems ?? []).map(oemSysext)].filter(isMissing);
  if (files.length > 0) return hold('files', { files });
  if (looked.state === 'looking') return hold('looking', { looked: looked.looked });
  if (look === undefined || look.broken === 0) return undefined;
  const causes = look.breaks.slice(0, CAUSES_SHOWN).map(({ cause, count, examples }) => ({
    ...{ cause, count },
    examples: examples.map(({ id }) => id),
  }));
  return hold('machines', { broken: look.broken, causes });
}

/** Returns the hold of a ring that waits for boots of the ring before it; nothing where an operator has lifted it. */
export const waitsForBoots = (
  { lifted }: Pick<AliasRecord, 'lifted'>,
  version: Version,
  boots: { readonly needs: number; readonly seen: number },
  now: string,
): Hold | undefined => (lifted.includes(version) ? undefined : { version, at: now, why: 'boots', ...boots });

/** Returns a hold in one sentence. */
export function holdText({
  version,
  why,
  files = [],
  broken = 0,
  causes = [],
  looked = 0,
  needs = 0,
  seen = 0,
}: Hold): string {
  switch (why) {
    case 'files':
      return `${version} lacks ${files.join(' and ')}, which a boot needs`;
    case 'machines':
      return `${broken} of the machines and fleets that boot by this name would not boot ${version}: ${causes[0]?.cause ?? ''}`;
    case 'looking':
      return `the machines that boot by this name are being looked at (${looked} so far)`;
    default:
      return `${version} has to be booted by ${needs} machines of the ring before this one: ${seen} have so far`;
  }
}
