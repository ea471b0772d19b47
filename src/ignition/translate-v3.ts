/**
 * Spec 3.x to a higher 3.y, one minor version at a time. Almost all steps only say the new version: a field that became
 * nullable keeps its value, a reference that became a resource keeps its source. No I/O.
 */
import type { ConfigV3 } from './spec/v3.ts';
import { versionText } from './version.ts';

/** The same config at spec 3.`to`; it must have been valid at 3.`from`. */
export function translateV3(config: ConfigV3, from: number, to: number): ConfigV3 {
  let current = config;
  for (let minor = from; minor < to; minor += 1) current = step(current, minor);
  return { ...current, ignition: { ...current.ignition, version: versionText(to) } };
}

function step(config: ConfigV3, minor: number): ConfigV3 {
  if (minor === 4) return withoutAdvertisements(config);
  return minor === 5 ? withPlainModes(config) : config;
}

/** 3.4 -> 3.5 of the reference loses `clevis.tang[].advertisement`, and so must we to give what it gives. */
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

/** 3.5 -> 3.6: setuid, setgid and sticky had no effect before, and keep having none. */
function withPlainModes(config: ConfigV3): ConfigV3 {
  const { storage } = config;
  if (storage === undefined) return config;
  const masked = <T extends { mode?: number | undefined }>(nodes: T[] | undefined): T[] | undefined =>
    nodes?.map((entry) => (entry.mode === undefined ? entry : { ...entry, mode: entry.mode & 0o777 }));
  const files = masked(storage.files);
  const directories = masked(storage.directories);
  return { ...config, storage: { ...storage, ...(files && { files }), ...(directories && { directories }) } };
}
