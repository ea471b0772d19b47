/**
 * Turns the variables and secrets of the Worker, which are strings, into one checked `Config`. No I/O.
 * A list is one comma-separated string, and spaces around its items do not count. A test checks that the defaults
 * here and in wrangler.toml are the same.
 */
import * as z from 'zod';
import { parseGroups } from './access/scopes.ts';
import { parseReceivers } from './announcements/receivers.ts';
import { IMPORT_FORMATS, isImportFormat } from './mirror/unpack/made-formats.ts';
import { makeCatalogue, parseStream, serves, streamEntry } from './releases/catalogue.ts';
import { isCompanion, isMade, updateFile } from './releases/companions.ts';
import { UPDATE_ROOT } from './releases/path.ts';
import { DEFAULT_SETS, FILE_SETS, isFileSet, wantedFiles } from './releases/sets.ts';
import { parseUpstreamTemplate } from './releases/upstream/url-template.ts';
import { err, ok, type Result } from './shared/result.ts';
import { FLATCAR_UPDATE_KEY, parsePayloadKeys } from './signing/payload/keys.ts';
import { parsePrivateKey } from './signing/provenance.ts';
import { parseSources } from './sysexts/sources.ts';

const MIN_SECRET_BYTES = 32;
const GIB = 1024 ** 3;

const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

const list = (item: z.ZodType<string, string>) => z.string().transform(splitList).pipe(z.array(item));

const someOf = (item: z.ZodType<string, string>) =>
  list(item).refine((items) => items.length > 0, 'must name at least one');

const flag = z
  .string()
  .trim()
  .refine((text) => text === 'true' || text === 'false', 'must be true or false')
  .transform((text) => text === 'true');

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .trim()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be from ${least} to ${most}`);

const httpUrl = z
  .string()
  .trim()
  .refine((text) => isHttpUrl(text), 'must be an http or https URL without credentials');

const secret = z
  .string()
  .transform(splitList)
  .refine((values) => values.length > 0, 'is set but empty')
  // A message must never contain the value itself.
  .refine(
    (values) => values.every((value) => new TextEncoder().encode(value).length >= MIN_SECRET_BYTES),
    `each value must be at least ${MIN_SECRET_BYTES} bytes long`,
  )
  .optional();

const fingerprint = z
  .string()
  .transform((text) => text.replace(/\s+/g, '').toUpperCase())
  .refine((text) => /^[0-9A-F]{40}$/.test(text), 'must be 40 hexadecimal digits of a primary key');

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and -');
/** The first segments of paths that are no channel. */
const TAKEN = ['api', 'boot', 'console', 'docs', 'keys', 'releases-json', 'streams', 'sysext', UPDATE_ROOT, 'v1'];
const channelName = name.refine((text) => !TAKEN.includes(text), `must not be one of ${TAKEN.join(', ')}`);
const host = z
  .string()
  .transform((text) => text.toLowerCase())
  .refine((text) => /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/.test(text), 'must be host or host:port');
const fileName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/, 'must be a file name')
  .refine((text) => !isCompanion(text) && !isMade(text), 'must be a base name: companions come by themselves');
const updateName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/, 'must be a file name')
  .refine(
    (text) => !isCompanion(updateFile(text)) && !isMade(updateFile(text)),
    'must be a base name: companions come by themselves',
  );
const setName = z.string().refine(isFileSet, `must be of ${Object.keys(FILE_SETS).join(', ')}`);

/** A text that the room it belongs to reads; its error is a sentence. */
const readBy = <T>(parse: (text: string) => Result<T, string>) =>
  z.string().transform((text, context) => {
    const read = parse(text);
    if (read.ok) return read.value;
    context.addIssue({ code: 'custom', message: read.error });
    return z.NEVER;
  });

const importFormat = z.string().refine(isImportFormat, `must be of ${IMPORT_FORMATS.join(', ')}`);

const template = (text: string) =>
  z
    .string()
    .trim()
    .superRefine((value, context) => {
      const parsed = parseUpstreamTemplate(value);
      if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.error });
    })
    .default(text);

export const DEFAULTS = {
  CHANNELS: 'stable,beta,alpha,lts',
  BOARDS: 'amd64-usr,arm64-usr',
  UPSTREAM_URL: 'https://{channel}.release.flatcar-linux.net/{board}/{version}/{file}',
  UPSTREAM_REDIRECT_HOSTS: 'flatcar.cdn.cncf.io',
  SIGNING_KEY_URL: 'https://www.flatcar.org/security/image-signing-key/Flatcar_Image_Signing_Key.asc',
  SIGNING_KEY_FINGERPRINTS: 'F88CFEDEFF29A5B4D9523864E25D9AED0593B34A',
  MIRROR: '',
  MIRROR_SETS: '',
  MIRROR_FILES: '',
  UPDATE_URL: 'https://update.release.flatcar-linux.net/{board}/{version}/{file}',
  UPDATE_FILES: '',
  MIRROR_ON_DEMAND: 'false',
  MAX_FILE_BYTES: String(16 * GIB),
  KEEP_RELEASES: '3',
  ALLOW_UNSIGNED: 'false',
  RELEASE_HOST_SUFFIX: '',
  PUBLIC_URL: '',
  BOOT_URL: '',
  DOWNLOAD_CACHE: 'true',
  AUDIT_DAYS: '365',
  IMPORT_FORMATS: '',
  SYSEXT_URLS: '',
  PROMOTE_AFTER_BOOTS: '0',
  ANNOUNCE_URLS: '',
  ACCESS_TEAM: '',
  ACCESS_AUD: '',
  ACCESS_GROUPS: '',
} as const;

/** The origin of this service itself, such as `https://edge.example.org`, or empty: paths are put behind it. */
const ownUrl = z
  .string()
  .trim()
  .transform((text) => withoutLastSlashes(text))
  .refine((text) => text === '' || isHttpUrl(text), 'must be an http or https URL without credentials')
  .refine(
    (text) => text === '' || !isHttpUrl(text) || /^https?:\/\/[^/?#\s]+$/i.test(text),
    'must be an origin, such as https://edge.example.org, with nothing behind it',
  )
  .default('');

const schema = z
  .object({
    CHANNELS: someOf(channelName).default(() => splitList(DEFAULTS.CHANNELS)),
    BOARDS: someOf(name).default(() => splitList(DEFAULTS.BOARDS)),
    UPSTREAM_URL: template(DEFAULTS.UPSTREAM_URL),
    UPDATE_URL: template(DEFAULTS.UPDATE_URL),
    UPSTREAM_REDIRECT_HOSTS: list(host).default(() => splitList(DEFAULTS.UPSTREAM_REDIRECT_HOSTS)),
    SIGNING_KEY_URL: httpUrl.default(DEFAULTS.SIGNING_KEY_URL),
    SIGNING_KEY_FINGERPRINTS: someOf(fingerprint).default(() => splitList(DEFAULTS.SIGNING_KEY_FINGERPRINTS)),
    MIRROR: z
      .string()
      .transform(splitList)
      .transform((entries, context) =>
        entries.flatMap((entry) => {
          const stream = parseStream(entry);
          if (stream.ok) return [stream.value];
          context.addIssue({ code: 'custom', message: `${entry} ${stream.error}` });
          return [];
        }),
      )
      .default([]),
    MIRROR_SETS: list(setName).default([]),
    MIRROR_FILES: list(fileName).default([]),
    UPDATE_FILES: list(updateName).default([]),
    UPDATE_KEY: z
      .string()
      .default(FLATCAR_UPDATE_KEY)
      .transform((text, context) => {
        const keys = parsePayloadKeys(text);
        if (keys.ok && keys.value.length > 0) return keys.value;
        context.addIssue({ code: 'custom', message: keys.ok ? 'must name at least one' : keys.error });
        return z.NEVER;
      }),
    MIRROR_ON_DEMAND: flag.default(false),
    MAX_FILE_BYTES: wholeNumber(1, 64 * GIB).default(16 * GIB),
    KEEP_RELEASES: wholeNumber(1, 1000).default(Number(DEFAULTS.KEEP_RELEASES)),
    ALLOW_UNSIGNED: flag.default(false),
    RELEASE_HOST_SUFFIX: z
      .string()
      .trim()
      .toLowerCase()
      .transform((text) => text.replace(/^\./, ''))
      .refine((text) => /^([a-z0-9.-]+(:\d{1,5})?)?$/.test(text), 'must be a host name')
      .default(''),
    PUBLIC_URL: ownUrl,
    BOOT_URL: ownUrl,
    DOWNLOAD_CACHE: flag.default(true),
    IMPORT_FORMATS: list(importFormat).default([]),
    SYSEXT_URLS: readBy(parseSources).default([]),
    PROMOTE_AFTER_BOOTS: wholeNumber(0, 1000).default(0),
    ANNOUNCE_URLS: readBy(parseReceivers).default([]),
    AUDIT_DAYS: wholeNumber(1, 3650).default(Number(DEFAULTS.AUDIT_DAYS)),
    ACCESS_TEAM: z
      .string()
      .trim()
      .toLowerCase()
      .transform((text) => text.replace(/\.cloudflareaccess\.com$/, ''))
      .refine((text) => /^([a-z0-9-]+)?$/.test(text), 'must be the name of a team, as in NAME.cloudflareaccess.com')
      .default(''),
    ACCESS_AUD: z
      .string()
      .trim()
      .refine((text) => /^[0-9a-f]*$/.test(text), 'must be the audience tag of the application, in hexadecimal')
      .default(''),
    ACCESS_GROUPS: readBy(parseGroups).default(new Map()),
    PROVENANCE_KEY: readBy(parsePrivateKey).optional(),
    OPERATOR_TOKEN: secret,
    WEBHOOK_SECRET: secret,
    CAPABILITY_SECRET: secret,
    STORAGE_KEY: secret,
  })
  .transform(({ CHANNELS, BOARDS, MIRROR, ...others }, context) => {
    if ((others.ACCESS_TEAM === '') !== (others.ACCESS_AUD === ''))
      context.addIssue({ code: 'custom', path: ['ACCESS_AUD'], message: 'ACCESS_TEAM and ACCESS_AUD belong together' });
    const catalogue = makeCatalogue(CHANNELS, BOARDS, MIRROR);
    for (const stream of MIRROR.filter((entry) => !serves(catalogue, entry))) {
      const message = `${streamEntry(stream)} is outside CHANNELS or BOARDS`;
      context.addIssue({ code: 'custom', path: ['MIRROR'], message });
    }
    // Before there were sets, MIRROR_FILES named all files: where only it is set, it still does.
    const { MIRROR_SETS, MIRROR_FILES, UPDATE_FILES } = others;
    const isDefault = MIRROR_SETS.length === 0 && MIRROR_FILES.length === 0;
    const sets = isDefault ? DEFAULT_SETS : MIRROR_SETS.filter(isFileSet);
    const mirrorFiles = wantedFiles(sets, MIRROR_FILES, UPDATE_FILES);
    const importFormats = others.IMPORT_FORMATS.filter(isImportFormat);
    return { ...others, catalogue, mirrorFiles, importFormats };
  });

export type Config = Readonly<z.output<typeof schema>>;

/** One bad variable: its name and what is wrong with it, without its value. */
export interface ConfigFault {
  readonly variable: string;
  readonly message: string;
}

/** Returns the configuration in a Worker's `env`, or every bad variable. It ignores bindings and unknown names. */
export function parseConfig(env: object): Result<Config, readonly ConfigFault[]> {
  const parsed = schema.safeParse(env);
  if (parsed.success) return ok(parsed.data);
  return err(
    parsed.error.issues.map((issue) => ({
      variable: String(issue.path[0] ?? 'configuration'),
      message: issue.message,
    })),
  );
}

function withoutLastSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === '/') end -= 1;
  return text.slice(0, end);
}

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}
