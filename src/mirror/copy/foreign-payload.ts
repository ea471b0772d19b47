/** Tells an update payload of another release: what it installs is not what the release directory signs. No I/O. */
import { isUpdate, plainName } from '../../releases/companions.ts';
import type { ManifestFile } from '../../releases/store/manifest.ts';

/** The kernel of a release, under the two names that it has there: the same bytes. */
const KERNELS = ['flatcar_production_image.vmlinuz', 'flatcar_production_pxe.vmlinuz'];

const SYSTEM = 'flatcar_production_update.gz';

/**
 * True when the payload `name` holds something else than the release does whose files are `entries`. Of a payload whose content is
 * not mirrored beside it, nothing can be told.
 */
export function isForeignPayload(
  name: string,
  { payload }: Pick<ManifestFile, 'payload'>,
  entries: Readonly<Record<string, ManifestFile>>,
): boolean {
  if (!isUpdate(name) || payload === undefined) return false;
  const digestsOf = (names: readonly string[]) => names.flatMap((file) => entries[file]?.sha256 ?? []);
  const kernels = digestsOf(KERNELS);
  // Every update of the system installs a kernel: one with a partition alone is a system extension under this name.
  const lacksKernel = plainName(name) === SYSTEM && payload.partition !== undefined && payload.kernel === undefined;
  const isOtherKernel =
    kernels.length > 0 && (lacksKernel || (payload.kernel !== undefined && !kernels.includes(payload.kernel)));
  const [extension] = digestsOf([plainName(name).replace(/\.gz$/, '.raw')]);
  const isOtherExtension =
    payload.partition !== undefined && extension !== undefined && extension !== payload.partition;
  return isOtherKernel || isOtherExtension;
}
