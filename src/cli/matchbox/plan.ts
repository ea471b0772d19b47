/** Plans what is made of a folder of matchbox's: profiles, a fleet, machines, and what cannot be taken. No I/O. */
import { type Group, type Profile, readGroup, readProfile } from './read.ts';
import { variablesIn } from './templates.ts';

/** The files of the folder by their paths in it, such as `groups/node1.json`. */
export type Files = ReadonlyMap<string, string>;

interface PlannedProfile {
  readonly name: string;
  readonly kernelArgs: readonly string[];
  readonly variables: readonly string[];
  /** `undefined`: it has none. */
  readonly base: string | undefined;
  /** A cloud-config, which is user data of its machines. */
  readonly cloud: string | undefined;
  readonly channel: string | undefined;
  readonly version: string | undefined;
}

interface Gets {
  readonly profiles: readonly string[];
  readonly vars: Readonly<Record<string, string>>;
  readonly channel?: string;
  readonly version?: string;
}

interface PlannedMachine extends Gets {
  readonly id: string;
  readonly identities: Readonly<Record<string, string>>;
  readonly cloud: string | undefined;
}

interface PlannedRule extends Gets {
  readonly match: Readonly<Record<string, string>>;
}

export interface Plan {
  readonly profiles: readonly PlannedProfile[];
  readonly machines: readonly PlannedMachine[];
  readonly rules: readonly PlannedRule[];
  /** What a machine gets that no group names; `undefined`: it waits. */
  readonly everybody: Gets | undefined;
  /** What was not taken, each with its file. */
  readonly left: readonly string[];
  /** What was taken, and is not quite what it was. */
  readonly notes: readonly string[];
}

const IDENTITIES = ['mac', 'uuid', 'serial'];
/** What a boot script here says itself (docs/booting.md). */
const OURS =
  /^(?:initrd|BOOT_IMAGE|flatcar\.config\.url|coreos\.config\.url|ignition\.config\.url|flatcar\.first_boot|coreos\.first_boot|ignition\.firstboot|cloud-config-url)(?:=|$)/;

/** Returns the plan. The order of the rules is matchbox's: the group with the most selectors first. */
export function planOf(files: Files): Plan {
  const left: string[] = [];
  const notes: string[] = [];
  const profiles = new Map<string, PlannedProfile>();
  for (const { path, value } of parsed(files, 'profiles/', readProfile, left)) {
    if (profiles.has(value.id)) {
      left.push(`${path}: another file has the profile ${value.id}`);
      continue;
    }
    const planned = profileOf(path, value, files, { left, notes });
    if (planned !== undefined) profiles.set(value.id, planned);
  }
  const groups = parsed(files, 'groups/', readGroup, left).toSorted(
    (a, b) => Object.keys(b.value.selector).length - Object.keys(a.value.selector).length,
  );
  const machines: PlannedMachine[] = [];
  const rules: PlannedRule[] = [];
  let everybody: Gets | undefined;
  for (const { path, value: group } of groups) {
    const profile = profiles.get(group.profile);
    if (profile === undefined) {
      left.push(`${path}: its profile ${group.profile || '(none)'} was not taken`);
      continue;
    }
    const gets = getsOf(path, group, profile, left);
    if (gets === undefined) continue;
    const names = Object.keys(group.selector);
    if (names.includes('os') || group.oddSelector.length > 0) {
      left.push(`${path}: ${oddText(group)}`);
      continue;
    }
    const isMachine = names.length > 0 && names.every((name) => IDENTITIES.includes(name));
    if (isMachine) machines.push({ id: group.id, identities: group.selector, cloud: profile.cloud, ...gets });
    else if (profile.cloud !== undefined)
      left.push(`${path}: a cloud-config is user data of a machine, and this group names no machine`);
    else if (names.length > 0) rules.push({ match: group.selector, ...gets });
    else if (everybody === undefined) everybody = gets;
    else left.push(`${path}: there are two groups without a selector, and matchbox takes either`);
  }
  const isReached = ({ match }: PlannedRule) =>
    !machines.some(({ identities }) =>
      IDENTITIES.some((kind) => match[kind] !== undefined && match[kind] === identities[kind]),
    );
  for (const { match } of rules.filter((rule) => !isReached(rule)))
    left.push(`groups: ${textOf(match)} is never reached, because the record of its machine comes before any rule`);
  return { profiles: [...profiles.values()], machines, rules: rules.filter(isReached), everybody, left, notes };
}

/** Returns names with their values, as `mac=… rack=7`. */
export const textOf = (match: Readonly<Record<string, string>>): string =>
  Object.entries(match)
    .map((pair) => pair.join('='))
    .join(' ');

const oddText = ({ oddSelector: [odd] }: Group): string =>
  odd === undefined
    ? 'only an installer says os=…, to its own URL; here a machine has one config, and rearm opens it again'
    : `its selector ${odd} is no text`;

function parsed<T>(
  files: Files,
  folder: string,
  read: (text: string) => { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string },
  left: string[],
): { readonly path: string; readonly value: T }[] {
  const found: { path: string; value: T }[] = [];
  for (const path of [...files.keys()].filter((name) => name.startsWith(folder) && name.endsWith('.json')).toSorted()) {
    const value = read(files.get(path) ?? '');
    if (value.ok) found.push({ path, value: value.value });
    else left.push(`${path}: ${value.error}`);
  }
  return found;
}

interface Told {
  readonly left: string[];
  readonly notes: string[];
}

function profileOf(path: string, profile: Profile, files: Files, { left, notes }: Told): PlannedProfile | undefined {
  const { id, ignition, cloud, generic, kernel, args } = profile;
  if (/fedora|fcos/i.test(kernel)) {
    left.push(`${path}: ${kernel} is not Flatcar`);
    return undefined;
  }
  if (generic !== '') left.push(`${path}: generic_id ${generic}: there is nothing like it here`);
  const base = ignition === '' ? undefined : templateOf(`ignition/${ignition}`, files, left);
  const userData = cloud === '' ? undefined : templateOf(`cloud/${cloud}`, files, left);
  if ((ignition !== '' && base === undefined) || (cloud !== '' && userData === undefined)) return undefined;
  if (userData !== undefined && userData.variables.length > 0) {
    left.push(`cloud/${cloud}: only a base may hold variables: make it an Ignition config, or write the values out`);
    return undefined;
  }
  const kept = args.filter((argument) => !OURS.test(argument));
  for (const argument of kept.filter((text) => text.includes('${')))
    notes.push(`${path}: the kernel argument ${argument} is filled in by firmware, and was left out`);
  const place = /(?:^|\/)(\d{1,6}\.(\d)\.\d{1,4})\//.exec(kernel);
  if (kernel !== '' && place === null) notes.push(`${path}: ${kernel} names no version, so its machines boot current`);
  return {
    ...{ name: id, base: base?.text, cloud: userData?.text, variables: base?.variables ?? [] },
    kernelArgs: kept.filter((text) => !text.includes('${')),
    ...{ version: place?.[1], channel: place === null ? undefined : CHANNELS[place[2] ?? ''] },
  };
}

/** The middle number of a version says the channel (facts of Flatcar's release process). */
const CHANNELS: Readonly<Record<string, string>> = { '0': 'alpha', '1': 'beta', '2': 'stable', '3': 'lts' };

function templateOf(path: string, files: Files, left: string[]) {
  const text = files.get(path);
  if (text === undefined) {
    left.push(`${path}: is not there`);
    return undefined;
  }
  const template = variablesIn(text, /\.ya?ml(?:\.tmpl)?$/.test(path));
  if (template.ok) return template.value;
  left.push(`${path}: ${template.error}`);
  return undefined;
}

function getsOf(path: string, group: Group, profile: PlannedProfile, left: string[]): Gets | undefined {
  const { metadata, nested } = group;
  const missing = profile.variables.filter((name) => !Object.hasOwn(metadata, name));
  if (missing.length > 0) {
    const why = missing.map((name) =>
      nested.includes(name)
        ? `${name} is a list or an object: give each part a name of its own`
        : `${name} is not said: give it a value in its metadata`,
    );
    left.push(`${path}: ${why.join(', ')}`);
    return undefined;
  }
  const used = profile.variables.map((name) => [name, metadata[name] ?? ''] as const);
  return {
    ...{ profiles: [profile.name], vars: Object.fromEntries(used) },
    ...(profile.channel === undefined ? {} : { channel: profile.channel }),
    ...(profile.version === undefined ? {} : { version: profile.version }),
  };
}
