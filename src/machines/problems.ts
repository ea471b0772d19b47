/** The faults of an operator's calls on machines and profiles, and the problems that the API answers for them. */

import { placeText, transpileText } from '../configs/fault-text.ts';
import type { FormatFault } from '../configs/formats.ts';
import { type UserDataFault, userDataProblem } from '../configs/user-data.ts';
import type { LayeredEntry } from '../ignition/compose.ts';
import type { Problem } from '../shared/problem.ts';
import { type StoreFault, storeProblemText } from '../shared/store.ts';
import type { VaultFault } from './records/vault.ts';

export type OperatorFault =
  | StoreFault
  | VaultFault
  | { readonly reason: 'no-secret' }
  | { readonly reason: 'unknown'; readonly what: 'machine' | 'profile' }
  | { readonly reason: 'deleted' }
  | { readonly reason: 'conflict' }
  /** The field has an invalid value; `message` says why. */
  | { readonly reason: 'bad-value'; readonly field: string; readonly message: string }
  | { readonly reason: 'bad-user-data'; readonly fault: UserDataFault }
  | FormatFault
  | { readonly reason: 'invalid'; readonly entries: readonly LayeredEntry[] }
  | { readonly reason: 'in-use'; readonly machines: readonly string[] }
  | { readonly reason: 'breaks'; readonly members: Readonly<Record<string, unknown>> };

/** Returns the problem that answers a fault. */
export function machineProblem(fault: OperatorFault): Problem {
  switch (fault.reason) {
    case 'store-unreachable':
    case 'stored-malformed':
      return { code: 'unavailable', detail: storeProblemText(fault), headers: RETRY, ...causeOf(fault) };
    case 'no-key':
      return { code: 'unavailable', detail: 'STORAGE_KEY lacks the value that this record was written under' };
    case 'tampered':
      return { code: 'unavailable', detail: 'the stored record is not what was written' };
    case 'no-secret':
      return { code: 'unavailable', detail: 'CAPABILITY_SECRET is not set: boot URLs cannot be made' };
    case 'unknown':
      return { code: 'not-found', detail: `no such ${fault.what}` };
    case 'deleted':
      return { code: 'gone', detail: 'this machine was deleted' };
    case 'conflict':
      return { code: 'conflict', detail: 'somebody else wrote this at the same time; nothing was changed' };
    case 'bad-value':
      return { code: 'invalid', detail: `${fault.field}: ${fault.message}` };
    case 'bad-user-data':
      return fault.fault.reason === 'too-large'
        ? { code: 'too-large', detail: userDataProblem(fault.fault) }
        : { code: 'invalid', detail: userDataProblem(fault.fault) };
    case 'wrong-format':
      return { code: 'invalid', detail: `format: ${fault.message}` };
    case 'untranspilable':
      return {
        code: 'invalid',
        detail: transpileText(fault.error, fault.entries),
        members: { error: fault.error, entries: fault.entries },
      };
    case 'invalid':
      return { code: 'invalid', detail: firstError(fault.entries), members: { entries: fault.entries } };
    case 'in-use':
      return { code: 'conflict', detail: 'machines use this profile', members: { machines: fault.machines } };
    case 'breaks':
      return {
        code: 'conflict',
        detail: 'machines would not boot any more, or could not all be looked at; force=1 changes it all the same',
        members: fault.members,
      };
  }
}

/** Returns one sentence that says why a record or a text in it cannot be read. */
export const faultText = (fault: StoreFault | VaultFault): string => machineProblem(fault).detail;

/** Returns true for a fault of one record, and false for a store that does not answer. */
export const isRecordFault = (
  fault: OperatorFault,
): fault is VaultFault | (StoreFault & { reason: 'stored-malformed' }) =>
  fault.reason === 'stored-malformed' || fault.reason === 'no-key' || fault.reason === 'tampered';

const causeOf = (fault: StoreFault): Pick<Problem, 'cause'> => ('cause' in fault ? { cause: fault.cause } : {});

const RETRY = { 'retry-after': '5' } as const;

function firstError(entries: readonly LayeredEntry[]): string {
  const first = entries.find(({ severity }) => severity === 'error');
  return first === undefined ? 'not valid' : `${first.layer}: ${first.path}: ${first.message}${placeText(first)}`;
}
