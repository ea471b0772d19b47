/** The faults of an operator's calls on machines and profiles, and the problems that the API answers for them. */

import { placeText, transpileText } from '../configs/fault-text.ts';
import type { FormatFault } from '../configs/formats.ts';
import { type UserDataFault, userDataProblem } from '../configs/user-data.ts';
import type { LayeredEntry } from '../ignition/compose.ts';
import { type ShapeFault, shapeProblem } from '../shared/http/api.ts';
import { entityTag } from '../shared/http/precondition.ts';
import { fieldProblem, type Problem } from '../shared/problem.ts';
import { type StoreFault, storeProblemText } from '../shared/store.ts';
import type { ReleaseUnknown } from './boot/boot-parts.ts';
import type { Effect } from './profile-effect.ts';
import type { VaultFault } from './records/vault.ts';

export type OperatorFault =
  /** `etag` is that of a record that cannot be read: it may be replaced or deleted. */
  | (StoreFault & { readonly etag?: string })
  | VaultFault
  | { readonly reason: 'no-secret' }
  | ReleaseUnknown
  | {
      readonly reason: 'unknown';
      readonly what: 'machine' | 'profile' | 'fleet' | 'waiting machine' | 'config that it got' | 'URL';
    }
  | { readonly reason: 'deleted' }
  | { readonly reason: 'conflict' }
  /** Fields have invalid values, or names that are not known. */
  | { readonly reason: 'bad-value'; readonly shape: ShapeFault }
  /** The precondition of the request does not hold; `is` says what is there. */
  | { readonly reason: 'precondition'; readonly is: string }
  | { readonly reason: 'bad-user-data'; readonly fault: UserDataFault }
  | FormatFault
  | { readonly reason: 'invalid'; readonly entries: readonly LayeredEntry[] }
  /** Another machine of the fleet has the identity. */
  | { readonly reason: 'identity-taken'; readonly identity: string; readonly machine: string }
  /** A machine that is to be new is there. */
  | { readonly reason: 'exists'; readonly machine: string }
  | { readonly reason: 'in-use'; readonly machines: readonly string[] }
  | { readonly reason: 'in-fleets'; readonly fleets: readonly string[] }
  | { readonly reason: 'breaks'; readonly effect: Effect };

/** Returns the fault of one field. */
export const badField = (field: string, message: string): OperatorFault => ({
  reason: 'bad-value',
  shape: { errors: [{ field, message }], isUnknownName: false },
});

/** Returns the problem that answers a fault. */
export function machineProblem(fault: OperatorFault): Problem {
  switch (fault.reason) {
    case 'store-unreachable':
    case 'stored-malformed':
      return {
        code: 'unavailable',
        detail: storeProblemText(fault),
        headers: fault.etag === undefined ? RETRY : { ...RETRY, etag: entityTag(fault.etag) },
        ...causeOf(fault),
      };
    case 'no-key':
      return { code: 'unavailable', detail: 'STORAGE_KEY lacks the value that this record was written under' };
    case 'tampered':
      return { code: 'unavailable', detail: 'the stored record is not what was written' };
    case 'no-secret':
      return { code: 'unavailable', detail: 'CAPABILITY_SECRET is not set: boot URLs cannot be made' };
    case 'no-release':
      return { code: 'unavailable', detail: `the config names the release, and ${fault.detail}`, headers: RETRY };
    case 'unknown':
      return { code: 'not-found', detail: `no such ${fault.what}` };
    case 'deleted':
      return { code: 'gone', detail: 'this machine was deleted' };
    case 'conflict':
      return { code: 'conflict', detail: 'somebody else wrote this at the same time; nothing was changed' };
    case 'bad-value':
      return shapeProblem(fault.shape);
    case 'precondition':
      return { code: 'precondition-failed', detail: `${fault.is}; nothing was changed` };
    case 'bad-user-data':
      return fault.fault.reason === 'too-large'
        ? { code: 'too-large', detail: userDataProblem(fault.fault) }
        : fieldProblem([{ field: 'body', message: userDataProblem(fault.fault) }]);
    case 'wrong-format':
      return fieldProblem([{ field: 'format', message: fault.message }]);
    case 'untranspilable':
      return {
        code: 'invalid-config',
        detail: transpileText(fault.error, fault.entries),
        members: { error: fault.error, entries: fault.entries },
      };
    case 'invalid':
      return { code: 'invalid-config', detail: firstError(fault.entries), members: { entries: fault.entries } };
    case 'identity-taken':
      return {
        code: 'identity-taken',
        detail: `${fault.identity} is that of machine ${fault.machine}; nothing was changed`,
        members: { machine: fault.machine },
      };
    case 'exists':
      return {
        code: 'exists',
        detail: `there is a machine ${fault.machine} already; PATCH gives it this identity, and another id makes a new one`,
        members: { machine: fault.machine },
      };
    case 'in-use':
      return {
        code: 'in-use',
        detail: `${fault.machines.length === 1 ? 'a machine uses' : 'machines use'} this profile, such as ${fault.machines[0] ?? ''}`,
        members: { machines: fault.machines },
      };
    case 'in-fleets':
      return {
        code: 'in-fleets',
        detail: `${fault.fleets.length === 1 ? 'a fleet names' : 'fleets name'} this profile, such as ${fault.fleets[0] ?? ''}`,
        members: { fleets: fault.fleets },
      };
    case 'breaks':
      return {
        code: 'would-break',
        detail: `${breaksText(fault.effect)}; force=1 changes it all the same`,
        members: { ...fault.effect },
      };
  }
}

/** Returns what a change would do to the machines, in one sentence. */
export function breaksText({ broken, breaks, unreadable, checked }: Effect): string {
  const [first] = breaks;
  const bad = unreadable[0];
  const named = first === undefined ? '' : `, such as ${first.examples[0]?.id ?? ''} (${first.cause})`;
  const texts = [
    ...(broken === 0 ? [] : [`${broken} of ${checked} machines looked at would not boot any more${named}`]),
    ...(bad === undefined ? [] : [`${unreadable.length} cannot be read, such as ${bad.id} (${bad.reason})`]),
  ];
  return texts.join('; ');
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

/** Returns the first error of a report, with its layer and its place. */
export function firstError(entries: readonly LayeredEntry[]): string {
  const first = entries.find(({ severity }) => severity === 'error');
  return first === undefined ? 'not valid' : `${first.layer}: ${first.path}: ${first.message}${placeText(first)}`;
}
