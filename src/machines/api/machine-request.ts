/** What a call about a machine says in its path and query: checked, or the field that is wrong. No I/O. */
import type * as z from 'zod';
import { formatQuery } from '../../configs/call-requests.ts';
import type { FormatQuery } from '../../configs/formats.ts';
import { fitsChannel, isAlias, isVersion } from '../../releases/model.ts';
import { checkShape } from '../../shared/http/api.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { OperatorFault } from '../problems.ts';
import { machineParams, machineQuery, profileParams } from './call-requests.ts';

/** What machines may boot by iPXE. */
export interface Offered {
  readonly channels: readonly string[];
  readonly boards: readonly string[];
}

export interface MachineQuery {
  readonly profile: string | null;
  readonly expiresIn: number | undefined;
  readonly channel: string;
  readonly board: string;
  readonly version: string;
}

const bad = (field: string, message: string) => err<OperatorFault>({ reason: 'bad-value', field, message });

/** `value` as `schema` makes it, or the fault that names the field. */
export function readShape<T extends z.ZodType>(schema: T, value: unknown): Result<z.output<T>, OperatorFault> {
  const read = checkShape(schema, value);
  return read.ok ? read : err({ reason: 'bad-value', ...read.error });
}

/** A machine's name. */
export function readId(id: string | undefined): Result<string, OperatorFault> {
  const read = readShape(machineParams, { id });
  return read.ok ? ok(read.value.id) : read;
}

/** A profile's name. */
export function readProfileName(name: string | undefined): Result<string, OperatorFault> {
  const read = readShape(profileParams, { name });
  return read.ok ? ok(read.value.name) : read;
}

/** The query of a PUT; what is absent has its default. */
export function readMachineQuery(
  query: Readonly<Record<string, string>>,
  offered: Offered,
): Result<MachineQuery, OperatorFault> {
  const read = readShape(machineQuery, query);
  if (!read.ok) return read;
  const { profile = '', expires_in: expiresIn } = read.value;
  const channel = read.value.channel ?? preferred('stable', offered.channels);
  if (!offered.channels.includes(channel)) return bad('channel', `must be one of ${offered.channels.join(', ')}`);
  const board = read.value.board ?? preferred('amd64-usr', offered.boards);
  if (!offered.boards.includes(board)) return bad('board', `must be one of ${offered.boards.join(', ')}`);
  const version = read.value.version ?? 'current';
  if (!isAlias(version) && !isVersion(version))
    return bad('version', 'must be MAJOR.CHANNEL.PATCH, current or current-YYYY');
  if (isVersion(version) && !fitsChannel(channel, version))
    return bad('version', `${version} is not of channel ${channel}`);
  return ok({ profile: profile === '' ? null : profile, expiresIn, channel, board, version });
}

const preferred = (name: string, names: readonly string[]): string => (names.includes(name) ? name : (names[0] ?? ''));

/** What the body is written in, as far as the query says it. */
export function readFormatQuery(query: Readonly<Record<string, string>>): Result<FormatQuery, OperatorFault> {
  const read = readShape(formatQuery, query);
  if (!read.ok) return read;
  const { format, platform = '', lenient = false } = read.value;
  return ok({ format, platform, lenient });
}
