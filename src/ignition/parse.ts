/**
 * Parses a text into a config with a report, in the order of Flatcar's Ignition (2.26.0 with patches): kind of user
 * data, JSON, version, types, rules. It reads the specs 1, 2.0 to 2.4 and 3.0 to 3.7-experimental. No I/O.
 */
import type * as z from 'zod';
import { err, ok, type Result } from '../shared/result.ts';
import { decode } from './decode.ts';
import { JsonPlaces } from './json-places.ts';
import { foldedName, type JsonNode, placesIn, readJson } from './json-source.ts';
import { type Entry, type Path, type Place, Report } from './report.ts';
import { type ConfigV1, SCHEMA_V1 } from './spec/v1.ts';
import { type ConfigV2, schemasV2 } from './spec/v2.ts';
import { type ConfigV3, SCHEMAS_V3 } from './spec/v3.ts';
import { pathsInV1, upgradeV1, upgradeV2 } from './upgrade-v2.ts';
import { type UserDataKind, userDataKind } from './user-data.ts';
import { SPEC_1, validateV2 } from './validate-v2.ts';
import { validateV3 } from './validate-v3.ts';
import { parseSpec, type Spec, specOf, type VersionFault } from './version.ts';

interface ParsedBase {
  /** The version that the config states: `3.4.0`, `2.3.0`, `1`. */
  readonly version: string;
  /** Warnings and notes. There are no errors, because a config with an error gives a fault. */
  readonly entries: readonly Entry[];
  /** Finds the line and column of a path in the text. */
  readonly place: Place;
}

export interface ParsedV3 extends ParsedBase {
  readonly major: 3;
  readonly minor: number;
  readonly experimental: boolean;
  readonly config: ConfigV3;
}

export interface ParsedV2 extends ParsedBase {
  readonly major: 2;
  /** The config at 2.4, whichever version it was written in. A config of spec 1 is upgraded too. */
  readonly config: ConfigV2;
}

export type ParsedConfig = ParsedV3 | ParsedV2;

export type ParseFault =
  /** The text is empty or another kind of user data. This is not an error by itself. */
  | { readonly reason: 'no-config'; readonly kind: Exclude<UserDataKind, 'json'> }
  | { readonly reason: VersionFault | 'invalid'; readonly message: string; readonly entries: readonly Entry[] };

const MESSAGES: Readonly<Record<VersionFault | 'invalid', string>> = {
  'unparsable-version': "invalid config version (couldn't parse)",
  'unsupported-version': 'unsupported config version',
  invalid: 'config is not valid',
};

/** Returns the config in `text`, which must be decompressed, or a fault. It never throws, whatever the text is. */
export function parseConfig(text: string): Result<ParsedConfig, ParseFault> {
  const kind = userDataKind(text);
  if (kind !== 'json') return err({ reason: 'no-config', kind });
  return new Parser(text).parse();
}

class Parser {
  #at: (path: Path, part?: 'key') => number | undefined = () => undefined;
  readonly #report: Report;
  readonly #placeOf: (at: number) => { line: number; column: number };

  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    this.#placeOf = placesIn(text);
    this.#report = new Report(this.#place);
  }

  readonly #place = (path: Path, part?: 'key') => {
    const at = this.#at(path, part);
    return at === undefined ? undefined : this.#placeOf(at);
  };

  parse(): Result<ParsedConfig, ParseFault> {
    const json = readJson(this.#text);
    if (!json.ok) return this.#malformed(json.error.message, json.error.at);
    const places = new JsonPlaces(json.value);
    this.#at = (path, part) => places.at(path, part);
    const version = statedVersion(json.value);
    if (!version.ok) return this.#malformed(version.error, json.value.at);
    const spec = parseSpec(version.value.text, version.value.number);
    if (!spec.ok) return this.#fault(spec.error);
    return this.#config(json.value, spec.value);
  }

  #config(node: JsonNode, spec: Spec): Result<ParsedConfig, ParseFault> {
    const decoded = decode(schemaOf(spec), node, this.#report, spec.major === 3);
    if (!decoded.ok) return this.#malformed(decoded.error.message, decoded.error.at);
    const config = validated(decoded.value, spec, this.#report);
    if (this.#report.isFatal) return this.#fault('invalid');
    const read = { version: specOf(spec), entries: this.#report.entries, place: this.#place };
    if (spec.major !== 3) return ok({ ...read, major: 2, config: config as ConfigV2 });
    const { minor, experimental } = spec;
    return ok({ ...read, major: 3, minor, experimental, config: config as ConfigV3 });
  }

  #malformed(message: string, at: number): Result<never, ParseFault> {
    this.#at = () => at;
    this.#report.error([], message);
    return this.#fault('invalid');
  }

  #fault(reason: VersionFault | 'invalid'): Result<never, ParseFault> {
    return err({ reason, message: MESSAGES[reason], entries: this.#report.entries });
  }
}

function schemaOf(spec: Spec): z.ZodType {
  if (spec.major === 1) return SCHEMA_V1;
  const schema = spec.major === 2 ? schemasV2()[spec.minor] : SCHEMAS_V3[spec.minor];
  if (schema === undefined) throw new Error(`no schema for ${specOf(spec)}`);
  return schema;
}

/** Checks a config by the rules of its own version. A config of spec 1 or 2 is returned at 2.4. */
function validated(decoded: unknown, spec: Spec, report: Report): ConfigV2 | ConfigV3 {
  if (spec.major === 3) {
    validateV3(decoded as ConfigV3, spec.minor, report);
    return decoded as ConfigV3;
  }
  if (spec.major === 2) {
    const config = upgradeV2(decoded, spec.minor);
    validateV2(config, spec.minor, report);
    return config;
  }
  const old = decoded as ConfigV1;
  const config = upgradeV1(old);
  const pathOf = pathsInV1(old);
  validateV2(config, SPEC_1, {
    error: (path, message) => report.error(pathOf(path), message),
    warn: (path, message) => report.warn(pathOf(path), message),
  });
  // The reference says this of a valid config only.
  if (!report.isFatal) report.warn([], 'config format deprecated');
  return config;
}

interface StatedVersion {
  /** The value of `ignition.version`; empty when it is absent. */
  readonly text: string;
  /** The value of `ignitionVersion`, the version field of spec 1; 0 when it is absent. */
  readonly number: number;
}

/**
 * Returns the version that the config states, or a message. As in Go's decoder, names match in any case, a later value
 * takes the place of an earlier one, and null changes nothing.
 */
function statedVersion(root: JsonNode): Result<StatedVersion, string> {
  if (root.kind === 'null') return ok({ text: '', number: 0 });
  if (root.kind !== 'object') return err(`the config must be an object, not ${root.kind}`);
  let [text, number] = ['', 0];
  for (const value of valuesOf(root, 'ignitionVersion')) {
    if (value.kind !== 'number' || !/^-?\d+$/.test(value.text))
      return err(`ignitionVersion must be an integer, not ${value.kind}`);
    number = Number(value.text);
  }
  for (const ignition of valuesOf(root, 'ignition')) {
    if (ignition.kind !== 'object') return err(`ignition must be an object, not ${ignition.kind}`);
    for (const version of valuesOf(ignition, 'version')) {
      if (version.kind !== 'string') return err(`ignition.version must be a string, not ${version.kind}`);
      text = version.value;
    }
  }
  return ok({ text, number });
}

/** Returns the values of all members with this name that are not null, in their order. */
const valuesOf = (node: JsonNode & { kind: 'object' }, name: string): JsonNode[] =>
  node.members.flatMap(({ key, value }) =>
    (key === name || foldedName(key) === name.toLowerCase()) && value.kind !== 'null' ? [value] : [],
  );
