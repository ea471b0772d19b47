/** Machines and profiles as documents: they are read and proven with their etag, and written by compare-and-set. */
import type { Document, Patience, Stored } from '../../shared/document.ts';
import { understood } from '../../shared/r2-documents.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Malformed } from '../../shared/stored-json.ts';
import type { Kind, Summary } from './bucket.ts';
import { type Fleet, fleetSummary, parseFleet } from './fleet-model.ts';
import { type Machine, machineSummary, type Profile, parseMachine, parseProfile, profileSummary } from './model.ts';
import { checkRecord, type RecordPorts, signedSummary } from './signed.ts';

/** For a change that an operator waits for: five attempts in two seconds. R2 takes one write a second for each key. */
export const ON_THE_LINE: Patience = { attempts: 5, delay: (attempt) => 150 * attempt, readsAgain: false };

/** Stands for a record that is malformed or not proven, where a caller may replace it. */
export interface Unreadable {
  readonly unreadable: StoreFault & { readonly reason: 'stored-malformed' };
}

/** Returns true for a record that cannot be read. */
export const isUnreadable = <T extends object>(value: T | Unreadable | undefined): value is Unreadable =>
  value !== undefined && 'unreadable' in value;

interface Shape<T> {
  readonly kind: Kind;
  readonly parse: (text: string) => Result<T, Malformed>;
  readonly summaryOf: (record: T) => Summary;
}

const MACHINE: Shape<Machine> = { kind: 'machine', parse: parseMachine, summaryOf: machineSummary };
const PROFILE: Shape<Profile> = { kind: 'profile', parse: parseProfile, summaryOf: profileSummary };

const FLEET: Shape<Fleet> = { kind: 'fleet', parse: parseFleet, summaryOf: fleetSummary };

/** Returns the record of a machine as a document. The record of a deleted machine is a tombstone. */
export const machineDocument = (ports: RecordPorts, id: string): Document<Machine> =>
  strict(recordDocument(ports, MACHINE, id));

/** Like `machineDocument`, for a caller that may replace a record that cannot be read. */
export const replaceableMachine = (ports: RecordPorts, id: string): ReplaceableDocument<Machine> =>
  recordDocument(ports, MACHINE, id);

/** Returns the record of a profile, for a caller that may replace one that cannot be read. That of a deleted one is a tombstone. */
export const replaceableProfile = (ports: RecordPorts, name: string): ReplaceableDocument<Profile> =>
  recordDocument(ports, PROFILE, name);

/** Returns the record of a fleet, for a caller that may replace one that cannot be read. That of a deleted one is a tombstone. */
export const replaceableFleet = (ports: RecordPorts, name: string): ReplaceableDocument<Fleet> =>
  recordDocument(ports, FLEET, name);

/** Returns the fleet that a stored text holds. A fleet with another name is an error. */
export const readFleetText = (name: string, text: string): Result<Fleet, StoreFault> => readText(FLEET, name, text);

/** Returns the machine that a stored text holds. A machine with another id is an error. */
export const readMachineText = (id: string, text: string): Result<Machine, StoreFault> => readText(MACHINE, id, text);

/** Returns the profile that a stored text holds. A profile with another name is an error. */
export const readProfileText = (name: string, text: string): Result<Profile, StoreFault> =>
  readText(PROFILE, name, text);

/** A document whose stored value may be unreadable. What is written never is. */
export type ReplaceableDocument<T> = Document<T | Unreadable>;

function recordDocument<T extends Machine | Profile | Fleet>(
  ports: RecordPorts,
  shape: Shape<T>,
  name: string,
): ReplaceableDocument<T> {
  const { kind, summaryOf } = shape;
  return {
    read: async (): Promise<Result<Stored<T | Unreadable> | undefined, StoreFault>> => {
      const stored = await ports.store.read(kind, name);
      if (!stored.ok || stored.value === undefined) return stored.ok ? ok(undefined) : stored;
      const { text, etag } = stored.value;
      const proven = await checkRecord(ports, kind, name, stored.value);
      const value = proven.ok ? readText(shape, name, text) : proven;
      if (value.ok) return ok({ value: value.value, etag });
      const { error } = value;
      return error.reason === 'stored-malformed' ? ok({ value: { unreadable: error }, etag }) : err(error);
    },
    write: async (record, replacing) => {
      if (isUnreadable(record)) throw new Error('an unreadable record is never written');
      const text = recordText(record);
      const summary = await signedSummary(ports.vault, kind, name, text, summaryOf(record));
      return await ports.store.write(kind, name, text, summary, replacing);
    },
  };
}

function strict<T extends Machine | Profile | Fleet>(document: ReplaceableDocument<T>): Document<T> {
  return {
    read: async () => {
      const stored = await document.read();
      if (!stored.ok) return stored;
      if (stored.value === undefined) return ok(undefined);
      const { value, etag } = stored.value;
      return isUnreadable(value) ? err(value.unreadable) : ok({ value, etag });
    },
    write: (record, replacing) => document.write(record, replacing),
  };
}

/** Returns the text of a record. R2 and the copy in KV hold the same bytes. */
export const recordText = (record: Machine | Profile | Fleet): string => JSON.stringify(record);

function readText<T extends Machine | Profile | Fleet>({ kind, parse }: Shape<T>, name: string, text: string) {
  const what = `${kind} ${name}`;
  const record = understood(what, parse(text));
  // A wrong restore can put another machine's record here. It would decrypt and boot as if it were right.
  const isOwn = record.ok && ('id' in record.value ? record.value.id : record.value.name) === name;
  return !record.ok || isOwn
    ? record
    : err<StoreFault>({ reason: 'stored-malformed', what, detail: "another's record lies in its place" });
}
