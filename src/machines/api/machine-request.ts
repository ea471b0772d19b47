/** Checks the path, query and user data of a call about a machine, and names the field that is wrong. No I/O. */
import type * as z from 'zod';
import { formatQuery } from '../../configs/call-requests.ts';
import { type FormatQuery, readFormat, type Written } from '../../configs/formats.ts';
import { readUserData } from '../../configs/user-data.ts';
import { fitsChannel, isAliasName, isVersion } from '../../releases/model.ts';
import { checkShape } from '../../shared/http/api.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { badField, type OperatorFault } from '../problems.ts';
import { allOf, type Identities } from '../records/identity-values.ts';
import { TEXT_LIMIT } from '../records/model.ts';
import type { MachineSettings } from '../settings.ts';
import { machineParams, machineQuery, profileParams } from './call-requests.ts';

/** The channels and boards that machines may boot by iPXE. */
export interface Offered {
  readonly channels: readonly string[];
  readonly boards: readonly string[];
}

export interface MachineQuery extends MachineSettings {
  readonly expiresIn: number | undefined;
}

/** Names that a query may hold several times. */
const LISTS = ['kernel_arg', 'ssh_authorized_key', 'vars', 'attribute', 'label', 'mac'];

const badValue = (field: string, message: string) => err(badField(field, message));

/** Returns `value` as `schema` parses it, or a fault that names the fields. `takes` names what is read. */
export function readShape<T extends z.ZodType>(
  schema: T,
  value: unknown,
  takes = 'the query',
): Result<z.output<T>, OperatorFault> {
  const read = checkShape(schema, value, takes);
  return read.ok ? read : err({ reason: 'bad-value', shape: read.error });
}

/** Returns the machine's id, or a fault. */
export function readId(id: string | undefined): Result<string, OperatorFault> {
  const read = readShape(machineParams, { id });
  return read.ok ? ok(read.value.id) : read;
}

/** Returns the profile's name, or a fault. */
export function readProfileName(name: string | undefined): Result<string, OperatorFault> {
  const read = readShape(profileParams, { name });
  return read.ok ? ok(read.value.name) : read;
}

/** Returns the query of a PUT; a name that may be given several times has a list. An absent value has its default. */
export function readMachineQuery(
  query: Readonly<Record<string, string | readonly string[]>>,
  offered: Offered,
): Result<MachineQuery, OperatorFault> {
  const values = Object.entries(query).map(([name, value]) => {
    const list = typeof value === 'string' ? [value] : value;
    return [name, LISTS.includes(name) ? list : list[0]];
  });
  const read = readShape(machineQuery, Object.fromEntries(values));
  if (!read.ok) return read;
  const { profile, profiles, channel, board, version } = read.value;
  if (profile !== undefined && profiles !== undefined)
    return badValue('profile', 'is one of profiles: give one of the two');
  const place = checkPlace({ channel, board, version }, offered);
  if (!place.ok) return place;
  const { fleet = '', mac = [], uuid, serial, asset, once = false, window = null } = read.value;
  const identities = identitiesOf({ mac, uuid, serial, asset });
  if (fleet === '' && allOf(identities).length > 0)
    return badValue('fleet', 'is missing: a machine is known by an identity in a fleet');
  const { hostname = '', ignition = '', vars = {}, attribute: attributes = {}, label: labels = {} } = read.value;
  const { ssh_authorized_key: sshAuthorizedKeys = [], kernel_arg: kernelArgs = [], expires_in: expiresIn } = read.value;
  return ok({
    ...{ profiles: profiles ?? ((profile ?? '') === '' ? [] : [profile ?? '']), hostname: orNull(hostname), vars },
    ...{ fleet: orNull(fleet), identities, once, window },
    ...{ sshAuthorizedKeys, attributes, labels, ignition: orNull(ignition), kernelArgs, expiresIn },
    ...place.value,
  });
}

/** Returns identities as a record has them; what is absent has none. */
export function identitiesOf(said: {
  readonly mac: readonly string[];
  readonly uuid?: string | null | undefined;
  readonly serial?: string | null | undefined;
  readonly asset?: string | null | undefined;
}): Identities {
  const one = (value: string | null | undefined) => ((value ?? null) === null ? [] : [value ?? '']);
  return { mac: [...said.mac], uuid: one(said.uuid), serial: one(said.serial), asset: one(said.asset) };
}

const orNull = (text: string): string | null => (text === '' ? null : text);

/** The release that iPXE boots. */
export interface Place {
  readonly channel: string;
  readonly board: string;
  readonly version: string;
}

/**
 * Returns the release that iPXE boots, or a fault. Its channel and board must be offered here, and its version must
 * belong to the channel. An absent value has its default.
 */
export function checkPlace(
  asked: { readonly [Field in keyof Place]?: string | undefined },
  offered: Offered,
): Result<Place, OperatorFault> {
  const { channels, boards } = offered;
  const {
    channel = preferred('stable', channels),
    board = preferred('amd64-usr', boards),
    version = 'current',
  } = asked;
  if (!channels.includes(channel)) return badValue('channel', `must be one of ${channels.join(', ')}`);
  if (!boards.includes(board)) return badValue('board', `must be one of ${boards.join(', ')}`);
  if (!isAliasName(version) && !isVersion(version))
    return badValue('version', 'must be MAJOR.CHANNEL.PATCH, current, current-YYYY or the name of a ring');
  if (isVersion(version) && !fitsChannel(channel, version))
    return badValue('version', `${version} is not of channel ${channel}`);
  return ok({ channel, board, version });
}

const preferred = (name: string, names: readonly string[]): string => (names.includes(name) ? name : (names[0] ?? ''));

/** Returns what the query says about the format of the body. */
export function readFormatQuery(query: Readonly<Record<string, string>>): Result<FormatQuery, OperatorFault> {
  const read = readShape(formatQuery, query);
  if (!read.ok) return read;
  const { format, variant, platform = '', lenient = false } = read.value;
  return ok({ format, variant, platform, lenient });
}

/**
 * Reads user data of any kind, from the body of a PUT or from a line of an import. Returns the text that boots, and the
 * text that it was transpiled from.
 */
export async function readUserText(
  bytes: Uint8Array<ArrayBuffer>,
  format: FormatQuery,
): Promise<Result<Written, OperatorFault>> {
  const data = await readUserData(bytes, TEXT_LIMIT);
  if (!data.ok) return err({ reason: 'bad-user-data', fault: data.error });
  return readFormat(data.value, format);
}
