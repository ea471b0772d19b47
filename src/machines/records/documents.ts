/** Machines and profiles as documents: they are read with their etag and written by compare-and-set. */
import type { Document, Patience } from '../../shared/document.ts';
import { understood } from '../../shared/r2-documents.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { Malformed } from '../../shared/stored-json.ts';
import type { Kind, MachineStore, Summary } from './bucket.ts';
import { type Machine, machineSummary, type Profile, parseMachine, parseProfile, profileSummary } from './model.ts';

/** For a change that an operator waits for: five attempts in two seconds. R2 takes one write a second for each key. */
export const ON_THE_LINE: Patience = { attempts: 5, delay: (attempt) => 150 * attempt, readsAgain: false };

/** Returns the record of a machine as a document. The record of a deleted machine is a tombstone. */
export const machineDocument = (store: MachineStore, id: string): Document<Machine> =>
  recordDocument(store, 'machine', id, parseMachine, machineSummary);

/** Returns the record of a profile as a document. The record of a deleted profile is a tombstone. */
export const profileDocument = (store: MachineStore, name: string): Document<Profile> =>
  recordDocument(store, 'profile', name, parseProfile, profileSummary);

/** Returns the machine that a stored text holds. A machine with another id is an error. */
export const readMachineText = (id: string, text: string): Result<Machine, StoreFault> =>
  readText('machine', id, parseMachine(text));

/** Returns the profile that a stored text holds. A profile with another name is an error. */
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

/** Returns the text of a record. R2 and the copy in KV hold the same bytes. */
export const recordText = (record: Machine | Profile): string => JSON.stringify(record);

function readText<T extends Machine | Profile>(
  kind: Kind,
  name: string,
  parsed: Result<T, Malformed>,
): Result<T, StoreFault> {
  const what = `${kind} ${name}`;
  const record = understood(what, parsed);
  // A wrong restore can put another machine's record here. It would decrypt and boot as if it were right.
  const isOwn = record.ok && ('id' in record.value ? record.value.id : record.value.name) === name;
  return !record.ok || isOwn
    ? record
    : err({ reason: 'stored-malformed', what, detail: "another's record lies in its place" });
}
