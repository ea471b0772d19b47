/**
 * Makes a cloud-config work by itself. Ignition takes a cloud-config or a script for no config and leaves it alone, and
 * coreos-cloudinit looks for it only where it knows the platform. So the config that boots instead gets a unit that
 * fetches it, as the default.ign files of Flatcar's OEM packages had one. No I/O.
 */
import { kindOf, type MachineKind } from '../../configs/machine-kind.ts';
import type { Engine } from '../../ignition/combine.ts';
import { compose, type LayeredEntry, type NamedText } from '../../ignition/compose.ts';
import type { LayerTexts, ProfileTexts } from './layers.ts';
import { usesVariable } from './substitute.ts';

export type CloudInit = 'on' | 'off';

/** What decides how a cloud-config gets to its machine. */
interface CloudInitLayers {
  readonly engine: Engine;
  /** The text of the default that counts, as it is stored. */
  readonly default: string | undefined;
  readonly user: string | undefined;
  readonly cloudInit: CloudInit;
}

/** Returns what decides on a machine: the last default of its profiles, and `off` if one of them says so. */
export function cloudInitOf(
  { profiles, user }: Pick<LayerTexts, 'profiles' | 'user'>,
  engine: Engine,
): CloudInitLayers {
  const last = profiles.findLast((profile) => (profile.default ?? '').trim() !== '');
  const isOff = profiles.some(({ cloudInit }) => cloudInit === 'off');
  return { engine, user, default: last?.default, cloudInit: isOff ? 'off' : 'on' };
}

/**
 * The unit runs once a boot, after the network is up. Where the kernel command line names the cloud-config, Flatcar's own
 * unit runs it (user-cloudinit-proc-cmdline.service), so this one does not.
 */
const UNIT = [
  '[Unit]',
  'Description=Apply the cloud-config or script of this machine',
  'ConditionKernelCommandLine=!cloud-config-url',
  'Wants=network-online.target',
  'After=network-online.target',
  '',
  '[Service]',
  'Type=oneshot',
  'RemainAfterExit=yes',
  'ExecStart=/usr/bin/coreos-cloudinit --from-url={{edge.cloud_config_url}}',
  '',
  '[Install]',
  'WantedBy=multi-user.target',
  '',
].join('\n');
const NAME = 'flatcar-edge-cloudinit.service';
/** The oldest in which a unit can be `enabled`. */
const VERSIONS: Readonly<Record<Engine, string>> = { ignition: '3.0.0', legacy: '2.1.0' };

/** Returns the config that fetches the cloud-config, as the built-in default. */
const builtInDefault = (engine: Engine): string =>
  JSON.stringify({
    ignition: { version: VERSIONS[engine] },
    systemd: { units: [{ name: NAME, enabled: true, contents: UNIT }] },
  });

/** Returns true for user data that coreos-cloudinit applies: a cloud-config, a script or MIME multipart. */
const isForCloudInit = (kind: MachineKind): boolean => kind === 'cloud-config' || kind === 'script';

/** Returns true when a default says where to fetch the cloud-config. */
const fetchesCloudConfig = (text: string | undefined): boolean =>
  text !== undefined && usesVariable(text, ['edge.cloud_config_url', 'cloud_config_url']);

/**
 * Returns true when nothing of the operator's brings user data of this kind to the machine, and he has not forbidden it:
 * then the built-in default does, and the kernel command line names it.
 */
export const needsCloudInit = (
  kind: MachineKind,
  { cloudInit, default: fallback }: Pick<CloudInitLayers, 'cloudInit' | 'default'>,
): boolean => isForCloudInit(kind) && cloudInit !== 'off' && !fetchesCloudConfig(fallback);

/**
 * Returns the default that boots: the profile's, `own`, the built-in one, or the built-in one merged into a profile's that does
 * not fetch the cloud-config. A profile's default that is not valid stays as it is, and is reported as such. `filled` puts the
 * URL into the built-in one.
 */
export function defaultFor(
  layers: CloudInitLayers,
  own: NamedText | undefined,
  filled: (text: string) => string,
): NamedText | undefined {
  if (!needsCloudInit(kindOf(layers.user ?? ''), layers)) return own;
  const builtIn = { layer: 'built-in', text: filled(builtInDefault(layers.engine)) };
  if (own === undefined) return builtIn;
  const both = compose({ base: own.text, user: builtIn.text }, layers.engine);
  return both.ok ? { layer: own.layer, text: both.value.text } : own;
}

/** Returns a warning where a cloud-config or a script would not be applied. */
export function cloudInitWarning(layers: CloudInitLayers): LayeredEntry | undefined {
  const isLost =
    isForCloudInit(kindOf(layers.user ?? '')) && layers.cloudInit === 'off' && !fetchesCloudConfig(layers.default);
  return isLost ? { severity: 'warning', layer: 'user', path: '$', message: NOT_APPLIED } : undefined;
}

/** The same for a profile: whatever cloud-config or script its machines have is not applied. */
export function profileWarning({
  name,
  cloudInit,
  default: fallback,
}: Pick<ProfileTexts, 'name' | 'cloudInit' | 'default'>): LayeredEntry | undefined {
  if (cloudInit !== 'off' || fetchesCloudConfig(fallback)) return undefined;
  return { severity: 'warning', layer: `default:${name}`, path: '$', message: NONE_APPLIED };
}

const NONE_APPLIED =
  'cloudInit is off, and the default does not fetch a cloud-config with {{edge.cloud_config_url}}: those of the machines are not applied';
const NOT_APPLIED =
  'it is not applied: cloudInit of the profile is off, and its default does not fetch it with {{edge.cloud_config_url}}';
