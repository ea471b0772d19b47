/** What the engines of the service say of a config, run in the browser while somebody types. No I/O. */
import { BUTANE_VERSIONS } from '../../butane/butane/shape.ts';
import { transpileButane } from '../../butane/butane/transpile.ts';
import { transpileCt } from '../../butane/ct/transpile.ts';
import type { YamlShape } from '../../butane/yaml/decode.ts';
import { validate } from '../../configs/inspect.ts';
import { whatItIs } from '../../configs/what-it-is.ts';
import type { Entry } from '../../ignition/report.ts';
import { type Shape, shapeOf } from '../../ignition/spec/shape.ts';
import { schemasV2 } from '../../ignition/spec/v2.ts';
import { SCHEMAS_V3 } from '../../ignition/spec/v3.ts';
import { languageOf, pathAt } from './place-in-text.ts';

export type Format = 'auto' | 'ct';

export interface ReportQuery {
  readonly text: string;
  readonly format: Format;
  readonly engine: 'ignition' | 'legacy';
  /** True for user data, where a cloud-config or a script is allowed too. */
  readonly isUserData: boolean;
}

export interface Report {
  readonly tone: 'good' | 'warn' | 'bad';
  readonly text: string;
  readonly entries: readonly Entry[];
}

/** Nobody reads more remarks than this, and a page of 10,000 stands still. */
const MOST_SHOWN = 200;

/** Returns the report on a text. */
export function reportOn({ text, format, engine, isUserData }: ReportQuery): Report {
  const from = format === 'ct' ? 'ct' : whatItIs(text).kind === 'butane' ? 'butane' : undefined;
  if (from !== undefined) {
    const made =
      from === 'ct'
        ? transpileCt(text, { strict: true, platform: '' })
        : transpileButane(text, { strict: true, gzip: 'plain', variant: undefined, files: undefined });
    if (!made.ok) return report('bad', made.error.error, made.error.entries);
    return valid(made.value.entries, `Valid: ${from} that makes Ignition ${versionOf(made.value.config)}`);
  }
  const { valid: isValid, version, kind, error, entries } = validate(text, engine);
  if (isValid) return valid(entries, `Valid Ignition ${version ?? ''}`);
  if (isUserData && (kind === 'cloud-config' || kind === 'script'))
    return report('good', `A ${kind}: the machine boots the default, and can fetch this`, entries);
  return report('bad', error ?? 'Not valid', entries);
}

const report = (tone: Report['tone'], text: string, entries: readonly Entry[]): Report => {
  const hidden = entries.length - MOST_SHOWN;
  return { tone, text: hidden > 0 ? `${text} (and ${hidden} more)` : text, entries: entries.slice(0, MOST_SHOWN) };
};

const valid = (entries: readonly Entry[], text: string): Report => {
  const tone = entries.some(({ severity }) => severity === 'warning') ? 'warn' : 'good';
  return report(tone, entries.length === 0 ? text : `${text}, with remarks`, entries);
};

const versionOf = (config: object): string =>
  String((config as { ignition?: { version?: unknown } }).ignition?.version ?? '');

export interface Completion {
  readonly name: string;
  /** What it holds, in a word. */
  readonly holds: string;
}

/** Returns the fields that may stand where the cursor is, by the version that the text states. */
export function completionsAt(text: string, offset: number): readonly Completion[] {
  const language = languageOf(text);
  const path = pathAt(text, offset, language);
  const root = language === 'json' ? ignitionFields(text) : butaneFields(text);
  const place = path.reduce<Fields | undefined>((fields, name) => fields?.inside(name), root);
  return place?.names ?? [];
}

/** The fields of an object, and what lies in each of them. */
interface Fields {
  readonly names: readonly Completion[];
  inside(name: string): Fields | undefined;
}

const VERSION = /"version"\s{0,9}:\s{0,9}"(\d)\.(\d{1,2})\./;
const NEWEST_COMMON = 4;

function ignitionFields(text: string): Fields | undefined {
  const [, major = '3', minor = String(NEWEST_COMMON)] = VERSION.exec(text.slice(0, 10_000)) ?? [];
  const schema = major === '2' ? schemasV2()[Number(minor)] : SCHEMAS_V3[Number(minor)];
  return schema === undefined ? undefined : ofShape(shapeOf(schema));
}

function ofShape(shape: Shape): Fields | undefined {
  if (shape.kind === 'list') return ofShape(shape.element);
  if (shape.kind !== 'object') return undefined;
  return {
    names: shape.fields.map(({ name, shape: field }) => ({ name, holds: field.kind })),
    inside: (name) => {
      const field = shape.named.get(name);
      return field && ofShape(field.shape);
    },
  };
}

const BUTANE_VERSION = /^version:[ \t]{0,9}["']?(\d\.\d\.\d)/m;
const BUTANE_VARIANT = /^variant:[ \t]{0,9}["']?(\w+)/m;

function butaneFields(text: string): Fields | undefined {
  const head = text.slice(0, 10_000);
  const variant = BUTANE_VARIANT.exec(head)?.[1] ?? 'flatcar';
  const version = BUTANE_VERSION.exec(head)?.[1] ?? '1.1.0';
  const known = BUTANE_VERSIONS.find((one) => one.variant === variant && one.text === version);
  return known && ofYaml(known.shape());
}

function ofYaml(shape: YamlShape): Fields | undefined {
  if (shape.kind === 'list') return ofYaml(shape.element);
  if (shape.kind !== 'object') return undefined;
  return {
    names: [...shape.fields].map(([name, field]) => ({ name, holds: field.kind })),
    inside: (name) => {
      const field = shape.fields.get(name);
      return field && ofYaml(field);
    },
  };
}
