/**
 * What a file of a release is to an import tool: for which platform, in which format, and which part of it. The names follow CoreOS
 * stream metadata (https://github.com/coreos/stream-metadata-go): `aws` and `gcp`, `metal`, `qcow2`, `raw`. No I/O.
 */

export interface Artifact {
  readonly platform: string;
  /** With the compression, such as `qcow2.bz2`. */
  readonly format: string;
  readonly part: 'disk' | 'kernel' | 'initramfs';
}

const PLATFORMS: Readonly<Record<string, string>> = { ami: 'aws', ami_vmdk: 'aws', gce: 'gcp', vmware_raw: 'vmware' };
/** The `.img` of Flatcar's platforms are QCOW2, its `.bin` raw disks (build_library/vm_image_util.sh of flatcar/scripts). */
const FORMATS: Readonly<Record<string, string>> = { bin: 'raw', img: 'qcow2' };

const FIXED: Readonly<Record<string, Artifact>> = {
  'flatcar_production_image.bin.bz2': { platform: 'metal', format: 'raw.bz2', part: 'disk' },
  'flatcar_production_image.bin.gz': { platform: 'metal', format: 'raw.gz', part: 'disk' },
  'flatcar_production_image.bin': { platform: 'metal', format: 'raw', part: 'disk' },
  'flatcar_production_iso_image.iso': { platform: 'metal', format: 'iso', part: 'disk' },
  'flatcar_production_pxe.vmlinuz': { platform: 'metal', format: 'pxe', part: 'kernel' },
  'flatcar_production_pxe_image.cpio.gz': { platform: 'metal', format: 'pxe', part: 'initramfs' },
  'flatcar_production_gce.tar.gz': { platform: 'gcp', format: 'tar.gz', part: 'disk' },
  'flatcar_production_vmware_ova.ova': { platform: 'vmware', format: 'ova', part: 'disk' },
};

/** Longer names first: `flatcar_production_openstack_mini_image` is of no platform of that name alone. */
const IMAGE = /^flatcar_production_([a-z0-9_]{1,40})_image\.([a-z0-9]{1,8})((?:\.[a-z0-9]{1,8})?)$/;

/** Returns what `file` is, or `undefined` for one that nobody imports. */
export function artifactOf(file: string): Artifact | undefined {
  if (Object.hasOwn(FIXED, file)) return FIXED[file];
  const [, name = '', ending = '', compression = ''] = IMAGE.exec(file) ?? [];
  if (name === '' || ending === 'vmlinuz' || ending === 'txt') return undefined;
  const platform = Object.hasOwn(PLATFORMS, name) ? PLATFORMS[name] : undefined;
  const format = Object.hasOwn(FORMATS, ending) ? FORMATS[ending] : undefined;
  return {
    platform: platform ?? name.replaceAll('_', '-'),
    format: `${format ?? ending}${compression}`,
    part: 'disk',
  };
}
