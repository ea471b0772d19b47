/** Reads the files of matchbox (its groups and profiles, as JSON). No I/O. Source: docs/matchbox.md of poseidon/matchbox. */
import { err, ok, type Result } from '../../shared/result.ts';

export interface Group {
  readonly id: string;
  readonly profile: string;
  readonly selector: Readonly<Record<string, string>>;
  /** The names in its selector that have no text. */
  readonly oddSelector: readonly string[];
  /** Its values as texts; what is a list or an object has none. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The names of what is a list or an object. */
  readonly nested: readonly string[];
}

export interface Profile {
  readonly id: string;
  readonly ignition: string;
  readonly cloud: string;
  readonly generic: string;
  readonly kernel: string;
  readonly args: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Returns a group, or why the text is none. */
export function readGroup(text: string): Result<Group, string> {
  const read = objectIn(text);
  if (!read.ok) return read;
  const selector = fieldsIn(read.value['selector']);
  const metadata = fieldsIn(read.value['metadata']);
  const values = Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value] as const);
  const isPlain = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value);
  const texts = (fields: readonly (readonly [string, unknown])[]) =>
    Object.fromEntries(fields.filter(([, value]) => isPlain(value)).map(([name, value]) => [name, String(value)]));
  return ok({
    ...{ id: textIn(read.value, 'id'), profile: textIn(read.value, 'profile') },
    selector: texts(Object.entries(selector)),
    oddSelector: Object.keys(selector).filter((name) => typeof selector[name] !== 'string'),
    metadata: texts(values),
    nested: values.filter(([, value]) => !isPlain(value)).map(([name]) => name),
  });
}

/** Returns a profile, or why the text is none. */
export function readProfile(text: string): Result<Profile, string> {
  const read = objectIn(text);
  if (!read.ok) return read;
  const boot = fieldsIn(read.value['boot']);
  const args = Array.isArray(boot['args']) ? boot['args'].flatMap((text) => String(text).split(' ')) : [];
  return ok({
    id: textIn(read.value, 'id'),
    ignition: textIn(read.value, 'ignition_id'),
    cloud: textIn(read.value, 'cloud_id'),
    generic: textIn(read.value, 'generic_id'),
    kernel: textIn(boot, 'kernel'),
    args,
  });
}

const fieldsIn = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

function objectIn(text: string): Result<Fields, string> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? ok(value as Fields)
      : err('is no JSON object');
  } catch (cause) {
    return err(`is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

const textIn = (fields: Fields, name: string): string => {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
};
