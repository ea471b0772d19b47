/**
 * The sets of files that MIRROR_SETS names. Upstream need not have all of them: which ones a release has differs, and a file that it
 * lacks is noted as absent. The names come from build_library and ci-automation of flatcar/scripts. No I/O.
 */
import { updateFile } from './companions.ts';

const OEMS = [
  ...['akamai', 'ami', 'azure', 'digitalocean', 'gce', 'hetzner', 'hyperv', 'kubevirt', 'nutanix', 'openstack'],
  ...['oraclecloud', 'packet', 'proxmoxve', 'qemu', 'scaleway', 'stackit', 'vmware'],
];

const EXTENSIONS = [
  ...['incus', 'nvidia-drivers-535', 'nvidia-drivers-535-open', 'nvidia-drivers-550', 'nvidia-drivers-550-open'],
  ...['nvidia-drivers-570', 'nvidia-drivers-570-open', 'overlaybd', 'podman', 'python', 'zfs'],
];

/** By the name of the set: the files that it brings, without their companions. */
export const FILE_SETS = {
  images: [
    'flatcar_production_image.bin.bz2',
    'flatcar_production_image.vmlinuz',
    'flatcar_production_ami_image.bin.bz2',
    'flatcar_production_azure_image.vhd.bz2',
    'flatcar_production_digitalocean_image.bin.bz2',
    'flatcar_production_gce.tar.gz',
    'flatcar_production_hetzner_image.bin.bz2',
    'flatcar_production_openstack_image.img.bz2',
    'flatcar_production_qemu_image.img.bz2',
    'flatcar_production_vmware_ova.ova',
    // Says which Ignition the release has.
    'flatcar_production_image_packages.txt',
  ],
  pxe: ['flatcar_production_pxe.vmlinuz', 'flatcar_production_pxe_image.cpio.gz'],
  /** System extensions of the release directory. */
  sysexts: [
    ...['containerd-flatcar.raw', 'docker-flatcar.raw'],
    ...EXTENSIONS.map((name) => `flatcar-${name}.raw`),
    ...OEMS.map((name) => `oem-${name}.raw`),
  ],
  updates: [
    'flatcar_production_update.gz',
    ...EXTENSIONS.map((name) => `flatcar-${name}.gz`),
    ...OEMS.map((name) => `oem-${name}.gz`),
  ].map(updateFile),
} as const satisfies Record<string, readonly string[]>;

export type FileSet = keyof typeof FILE_SETS;

export const FILE_SET_NAMES = ['images', 'pxe', 'sysexts', 'updates'] as const satisfies readonly FileSet[];

/** What is mirrored where the configuration names neither sets nor files. */
export const DEFAULT_SETS: readonly FileSet[] = ['images', 'pxe'];

export const isFileSet = (name: string): name is FileSet => Object.hasOwn(FILE_SETS, name);

/** Returns the set that brings a file, without its companions; `undefined` for one that is named by itself. */
export const setOf = (file: string): FileSet | undefined =>
  Object.keys(FILE_SETS)
    .filter(isFileSet)
    .find((set) => (FILE_SETS[set] as readonly string[]).includes(file));

/** Returns the files that a job copies, each once: version.txt first, for nothing is published without it, and payloads last. */
export function wantedFiles(sets: readonly FileSet[], files: readonly string[], updates: readonly string[]): string[] {
  const named = [
    'version.txt',
    ...sets.filter((name) => name !== 'updates').flatMap((name) => FILE_SETS[name]),
    ...files,
  ];
  const payloads = [...(sets.includes('updates') ? FILE_SETS.updates : []), ...updates.map(updateFile)];
  return [...new Set([...named, ...payloads])];
}
