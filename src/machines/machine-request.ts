/** What a call about a machine says in its path and query: checked, or the field that is wrong. No I/O. */
import { fitsChannel, isAlias, isVersion } from '../releases/model.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { FormatQuery } from './formats.ts';
import { NAME, RESERVED } from './model.ts';
import type { OperatorFault } from './problems.ts';

/** What machines may boot by iPXE. */
export interface Offered {
  readonly CHANNELS: readonly string[];
  readonly BOARDS: readonly string[];
}

export interface MachineQuery {
  readonly profile: string | null;
  readonly expiresIn: number | undefined;
  readonly channel: string;
  readonly board: string;
  readonly version: string;
}

type Get = (name: string) => string | undefined;

/** Ten years; longer is a mistake, or never. */
const MOST_SECONDS = 10 * 366 * 24 * 3600;

const bad = (field: string, message: string) => err<OperatorFault>({ reason: 'bad-value', field, message });

/** A machine's or a profile's name. */
export function readName(field: string, text: string): Result<string, OperatorFault> {
  if (!NAME.test(text))
    return bad(field, 'must be 1 to 128 letters, digits, ".", "_" or "-", beginning with one of the first two');
  return field === 'id' && RESERVED.includes(text) ? bad(field, `${text} is reserved`) : ok(text);
}

/** The query of a PUT; what is absent has its default. */
export function readMachineQuery(get: Get, offered: Offered): Result<MachineQuery, OperatorFault> {
  const named = get('profile') ?? '';
  const profile = named === '' ? ok(null) : readName('profile', named);
  if (!profile.ok) return profile;
  const expiresIn = readSeconds(get('expires_in'));
  if (!expiresIn.ok) return expiresIn;
  const channel = get('channel') ?? (offered.CHANNELS.includes('stable') ? 'stable' : (offered.CHANNELS[0] ?? ''));
  if (!offered.CHANNELS.includes(channel)) return bad('channel', `must be one of ${offered.CHANNELS.join(', ')}`);
  const board = get('board') ?? (offered.BOARDS.includes('amd64-usr') ? 'amd64-usr' : (offered.BOARDS[0] ?? ''));
  if (!offered.BOARDS.includes(board)) return bad('board', `must be one of ${offered.BOARDS.join(', ')}`);
  const version = get('version') ?? 'current';
  if (!isAlias(version) && !isVersion(version))
    return bad('version', 'must be MAJOR.CHANNEL.PATCH, current or current-YYYY');
  if (isVersion(version) && !fitsChannel(channel, version))
    return bad('version', `${version} is not of channel ${channel}`);
  return ok({ profile: profile.value, expiresIn: expiresIn.value, channel, board, version });
}

/** `expires_in` as text or number; absent stays absent. */
export function readSeconds(value: unknown): Result<number | undefined, OperatorFault> {
  if (value === undefined) return ok(undefined);
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value;
  const isGood = typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 1 && seconds <= MOST_SECONDS;
  return isGood ? ok(seconds) : bad('expires_in', `must be whole seconds from 1 to ${MOST_SECONDS}`);
}

const FORMATS = ['butane', 'ct', 'ignition'] as const;

/** What the body is written in, as far as the query says it. */
export function readFormatQuery(get: Get): Result<FormatQuery, OperatorFault> {
  const named = get('format');
  const format = FORMATS.find((candidate) => candidate === named);
  if (named !== undefined && format === undefined) return bad('format', `must be one of ${FORMATS.join(', ')}`);
  const lenient = readSwitch('lenient', get('lenient'));
  return lenient.ok ? ok({ format, platform: get('platform') ?? '', lenient: lenient.value }) : lenient;
}

/** A switch: absent and 0 are off, 1 and true are on. */
export function readSwitch(field: string, value: unknown): Result<boolean, OperatorFault> {
  if (value === undefined || value === '0' || value === 'false' || value === false) return ok(false);
  return value === '1' || value === 'true' || value === true ? ok(true) : bad(field, 'must be 1 or 0');
}
