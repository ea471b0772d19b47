/**
 * Translates spec 3.x to a higher 3.y, one minor version at a time. Most steps change only the version: a field that
 * became nullable keeps its value, and a reference that became a resource keeps its source. No I/O.
 */
import type { ConfigV3 } from './spec/v3.ts';
import { versionText } from './version.ts';

/** Returns the same config at spec 3.`to`. The config must be valid at 3.`from`. */
export function translateV3(config: ConfigV3, from: number, to: number): ConfigV3 {
  let current = config;
  for (let minor = from; minor < to; minor += 1) current = step(current, minor);
  return { ...current, ignition: { ...current.ignition, version: versionText(to) } };
}

function step(config: ConfigV3, minor: number): ConfigV3 {
  if (minor === 4) return withoutAdvertisements(config);
  return minor === 5 ? withPlainModes(config) : config;
}

/** Ignition loses `clevis.tang[].advertisement` from 3.4 to 3.5 (config/v3_5/translate). This gives the same result. */
function withoutAdvertisements(config: ConfigV3): ConfigV3 {
  const { storage } = config;
  if (storage?.luks === undefined) return config;
  const luks = storage.luks.map((device) => {
    if (device.clevis?.tang === undefined) return device;
    const tang = device.clevis.tang.map(({ advertisement: _lost, ...server }) => server);
    return { ...device, clevis: { ...device.clevis, tang } };
  });
  return { ...config, storage: { ...storage, luks } };
}

/** Clears setuid, setgid and sticky from 3.5 to 3.6, because these bits have an effect only since 3.6. */
function withPlainModes(config: ConfigV3): ConfigV3 {
  const { storage } = config;
  if (storage === undefined) return config;
  const masked = <T extends { mode?: number | undefined }>(nodes: T[] | undefined): T[] | undefined =>
    nodes?.map((entry) => (entry.mode === undefined ? entry : { ...entry, mode: entry.mode & 0o777 }));
  const files = masked(storage.files);
  const directories = masked(storage.directories);
  return { ...config, storage: { ...storage, ...(files && { files }), ...(directories && { directories }) } };
}
