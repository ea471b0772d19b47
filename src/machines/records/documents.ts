/** Machines and profiles as documents over the room's store: read with their etag, written by compare-and-set. */
import type { Document, Patience } from '../../shared/document.ts';
import { understood } from '../../shared/r2-documents.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Malformed } from '../../shared/stored-json.ts';
import type { Kind, MachineStore, Summary } from './bucket.ts';
import { type Machine, machineSummary, type Profile, parseMachine, parseProfile, profileSummary } from './model.ts';

/** An operator waits on the line, and R2 takes one write a second a key: five tries within two seconds. */
export const ON_THE_LINE: Patience = { attempts: 5, delay: (attempt) => 150 * attempt, readsAgain: false };

/** The record of a machine; a tombstone where it was deleted. */
export const machineDocument = (store: MachineStore, id: string): Document<Machine> =>
  recordDocument(store, 'machine', id, parseMachine, machineSummary);

/** The record of a profile; a tombstone where it was deleted. */
export const profileDocument = (store: MachineStore, name: string): Document<Profile> =>
  recordDocument(store, 'profile', name, parseProfile, profileSummary);

/** The machine that a stored text holds, if it is the one of this name. */
export const readMachineText = (id: string, text: string): Result<Machine, StoreFault> =>
  readText('machine', id, parseMachine(text));

/** The profile that a stored text holds, if it is the one of this name. */
export const readProfileText = (name: string, text: string): Result<Profile, StoreFault> =>
  readText('profile', name, parseProfile(text));

function recordDocument<T extends Machine | Profile>(
  store: MachineStore,
  kind: Kind,
  name: string,
  parse: (text: string) => Result<T, Malformed>,
  summaryOf: (record: T) => Summary,
): Document<T> {
  return {
    read: async () => {
      const stored = await store.read(kind, name);
      if (!stored.ok) return stored;
      if (stored.value === undefined) return ok(undefined);
      const value = readText(kind, name, parse(stored.value.text));
      return value.ok ? ok({ value: value.value, etag: stored.value.etag }) : value;
    },
    write: (record, replacing) => store.write(kind, name, recordText(record), summaryOf(record), replacing),
  };
}

/** How a record lies in the store, byte by byte: its copies are the same text. */
export const recordText = (record: Machine | Profile): string => JSON.stringify(record);

function readText<T extends Machine | Profile>(
  kind: Kind,
  name: string,
  parsed: Result<T, Malformed>,
): Result<T, StoreFault> {
  const what = `${kind} ${name}`;
  const record = understood(what, parsed);
  // Another's record in this place, by a wrong restore: it would open, and boot, as if it were right.
  const isOwn = record.ok && ('id' in record.value ? record.value.id : record.value.name) === name;
  return !record.ok || isOwn
    ? record
    : err({ reason: 'stored-malformed', what, detail: "another's record lies in its place" });
}
