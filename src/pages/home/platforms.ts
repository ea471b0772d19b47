/** What each platform takes of a release, and the lines by which it gets there. No I/O. */
import type { Pair } from '../../releases/model.ts';

export interface PlatformLines {
  readonly name: string;
  readonly files: readonly string[];
  /** What the file is, for who knows the platform. */
  readonly format: string;
  readonly lines: readonly string[];
}

/** Where the files are, and the names that the lines have for them. */
interface Place {
  /** The folder of a release by its number. */
  readonly folder: string;
  readonly version: string;
}

const DISK = 'flatcar_production_image.bin.bz2';
const plain = (file: string): string => file.replace(/\.bz2$/, '');
/** Downloads a file and unpacks it on the way. */
const unpacked = ({ folder }: Place, file: string, as: string): string =>
  `curl -fsS ${folder}/${file} | bunzip2 > ${as}`;

const PLATFORMS: readonly {
  readonly name: string;
  readonly format: string;
  readonly files: readonly string[];
  readonly lines: (place: Place) => readonly string[];
}[] = [
  {
    ...{ name: 'Bare metal', format: 'raw disk, bzip2', files: [DISK] },
    lines: (place) => [`curl -fsS ${place.folder}/${DISK} | bunzip2 | sudo dd of=/dev/sdX bs=4M conv=fsync`],
  },
  {
    ...{ name: 'OpenStack', format: 'QCOW2, bzip2', files: ['flatcar_production_openstack_image.img.bz2'] },
    lines: (place) => [
      unpacked(place, 'flatcar_production_openstack_image.img.bz2', 'flatcar.img'),
      `openstack image create --disk-format qcow2 --container-format bare --file flatcar.img flatcar-${place.version}`,
    ],
  },
  {
    ...{ name: 'AWS', format: 'raw disk, bzip2', files: ['flatcar_production_ami_image.bin.bz2'] },
    lines: (place) => [
      unpacked(place, 'flatcar_production_ami_image.bin.bz2', 'flatcar.bin'),
      'aws s3 cp flatcar.bin s3://BUCKET/flatcar.bin',
      "aws ec2 import-snapshot --disk-container 'Format=RAW,UserBucket={S3Bucket=BUCKET,S3Key=flatcar.bin}'",
    ],
  },
  {
    ...{ name: 'Azure', format: 'fixed VHD, bzip2', files: ['flatcar_production_azure_image.vhd.bz2'] },
    lines: (place) => [
      unpacked(place, 'flatcar_production_azure_image.vhd.bz2', 'flatcar.vhd'),
      'az storage blob upload --type page --account-name ACCOUNT --container-name images --file flatcar.vhd --name flatcar.vhd',
    ],
  },
  {
    ...{ name: 'Google Cloud', format: 'raw disk in a tar, gzip', files: ['flatcar_production_gce.tar.gz'] },
    lines: ({ folder, version }) => [
      `curl -fO ${folder}/flatcar_production_gce.tar.gz`,
      'gcloud storage cp flatcar_production_gce.tar.gz gs://BUCKET/',
      `gcloud compute images create flatcar-${version.replaceAll('.', '-')} --source-uri gs://BUCKET/flatcar_production_gce.tar.gz`,
    ],
  },
  {
    ...{ name: 'DigitalOcean', format: 'raw disk, bzip2', files: ['flatcar_production_digitalocean_image.bin.bz2'] },
    lines: ({ folder, version }) => [
      `doctl compute image create flatcar-${version} --region fra1 --image-url ${folder}/flatcar_production_digitalocean_image.bin.bz2`,
    ],
  },
  {
    ...{ name: 'Hetzner', format: 'raw disk, bzip2', files: ['flatcar_production_hetzner_image.bin.bz2'] },
    lines: ({ folder }) => [
      '# In the rescue system of a server:',
      `curl -fsS ${folder}/flatcar_production_hetzner_image.bin.bz2 | bunzip2 | dd of=/dev/sda bs=4M conv=fsync`,
    ],
  },
  {
    ...{ name: 'VMware', format: 'OVA', files: ['flatcar_production_vmware_ova.ova'] },
    lines: ({ folder, version }) => [
      `curl -fO ${folder}/flatcar_production_vmware_ova.ova`,
      `govc import.ova -name flatcar-${version} flatcar_production_vmware_ova.ova`,
    ],
  },
  {
    ...{ name: 'QEMU', format: 'QCOW2, bzip2', files: ['flatcar_production_qemu_image.img.bz2'] },
    lines: (place) => [
      unpacked(place, 'flatcar_production_qemu_image.img.bz2', plain('flatcar_production_qemu_image.img.bz2')),
      `qemu-system-x86_64 -m 2G -nographic -drive if=virtio,file=${plain('flatcar_production_qemu_image.img.bz2')} -fw_cfg name=opt/org.flatcar-linux/config,file=config.ign`,
    ],
  },
];

/** QEMU's lines are for one kind of processor. */
const ONLY_AMD64: ReadonlySet<string> = new Set(['QEMU']);

/** Returns the platforms of a release, each with its file and the lines to paste. `origin` is the URL of this service. */
export function platformsFor(
  origin: string,
  { channel, board, version }: Pair & { readonly version: string },
): PlatformLines[] {
  const place = { folder: `${origin}/${channel}/${board}/${version}`, version };
  return PLATFORMS.filter(({ name }) => board.startsWith('amd64') || !ONLY_AMD64.has(name)).map(
    ({ name, format, files, lines }) => ({ name, format, files, lines: lines(place) }),
  );
}
