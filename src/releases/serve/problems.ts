/** Turns each fault of the release room into what clients see: a status and one line of text. No I/O. */
import type { Problem } from '../../shared/problem.ts';
import { storeProblemText } from '../../shared/store.ts';
import { hashText, signatureTypeText } from '../../signing/openpgp-names.ts';
import type { TrustedKeysFault } from '../../signing/trusted-keys.ts';
import type { PassThroughFault } from '../pass-through/pass-through.ts';
import type { VersionFault } from '../upstream/version-source.ts';
import type { MirroredFault } from './mirrored.ts';

export const NOT_FOUND: Problem = { code: 'not-found', detail: 'not found' };

const untrusted = (detail: string): Problem => ({ code: 'upstream-untrusted', detail });
const unavailable = (detail: string): Problem => ({ code: 'unavailable', detail });
const tooSlow = (detail: string): Problem => ({ code: 'upstream-timeout', detail });

/** Every fault that serving a release can end with. */
export type ReleaseFault = PassThroughFault | VersionFault | TrustedKeysFault | MirroredFault;

/**
 * Returns the problem that a client sees for a fault. Its detail says what went wrong and contains no stack and no
 * secret. The cause of the fault stays attached, for the log only.
 */
export function releaseProblem(fault: ReleaseFault): Problem {
  const problem = problemOf(fault);
  return 'cause' in fault ? { ...problem, cause: fault.cause } : problem;
}

function problemOf(fault: ReleaseFault): Problem {
  switch (fault.reason) {
    case 'absent':
    case 'quarantined':
      return NOT_FOUND;
    case 'store-unreachable':
    case 'stored-malformed':
      return unavailable(storeProblemText(fault));
    case 'unreachable':
      return unavailable(`upstream is unreachable: ${fault.detail}`);
    case 'truncated':
    case 'changed':
      return unavailable(`upstream's file changed or broke off under way (${fault.reason})`);
    case 'verification-pending':
      return unavailable('the signature of this file is being verified; ask again');
    case 'restart-needed':
      return {
        code: 'precondition-required',
        detail:
          'bytes of another file may have left under this name, and no part fits them: download it from its beginning, without Range, or by the number of its release',
      };
    case 'timeout':
      return tooSlow(`upstream is too slow: ${fault.detail}`);
    case 'stalled':
      return tooSlow('upstream stopped sending');
    case 'key-unreachable':
      return unavailable(`the signing key cannot be fetched: ${fault.detail}`);
    case 'key-timeout':
      return tooSlow(`the signing key cannot be fetched: ${fault.detail}`);
    case 'key-foreign-redirect':
      return untrusted(`${fault.reason}: the key server redirects ${fault.detail}`);
    case 'keyring-malformed':
      return untrusted(`${fault.reason}: the key file is not readable as OpenPGP keys`);
    case 'no-pinned-key':
      return untrusted(`${fault.reason}: the key file holds none of the pinned primary keys`);
    case 'foreign-redirect':
    case 'redirect-loop':
      return untrusted(`${fault.reason}: upstream redirects ${fault.detail}`);
    case 'unexpected-status':
      return untrusted(`${fault.reason}: upstream answered ${fault.status}`);
    case 'too-large':
      return untrusted(`${fault.reason}: upstream sent more than ${fault.limit} bytes`);
    case 'encoded':
      return untrusted(`${fault.reason}: upstream answered in ${fault.encoding}`);
    case 'no-length':
    case 'wrong-range':
      return untrusted(`${fault.reason}: upstream's answer cannot be checked`);
    case 'refused':
    case 'refused-before':
      return untrusted(`${fault.verdict}: the signature of this file does not hold`);
    case 'below-floor':
      return untrusted(`${fault.reason}: upstream offers ${fault.version}, older than ${fault.floor}`);
    case 'wrong-channel':
    case 'wrong-version':
      return untrusted(`${fault.reason}: version.txt says ${fault.version}`);
    case 'carriage-return':
    case 'no-version':
      return untrusted(`${fault.reason}: version.txt is signed but not usable`);
    case 'unknown-key':
      return untrusted(`${fault.reason}: signed by ${fault.keyId}, which is not under a pinned key`);
    case 'revoked-key':
    case 'expired-key':
    case 'unfit-key':
      return untrusted(`${fault.reason}: signed by ${fault.fingerprint}`);
    case 'signature-malformed':
      return untrusted(`${fault.reason}: ${fault.detail}`);
    case 'signature-type':
      return untrusted(`${fault.reason}: ${signatureTypeText(fault.type)} instead of ${signatureTypeText(0)}`);
    case 'signature-version':
      return untrusted(`${fault.reason}: version ${fault.version} instead of 4`);
    case 'weak-hash':
      return untrusted(`${fault.reason}: ${hashText(fault.algorithm)} instead of SHA-256 or SHA-512`);
    case 'signature-missing':
    case 'signature-empty':
    case 'several-signature-packets':
    case 'signature-from-future':
    case 'bad-signature':
      return untrusted(`${fault.reason}: nothing unverified is served`);
    default:
      return assertNever(fault);
  }
}

function assertNever(fault: never): never {
  throw new Error(`unmapped fault ${JSON.stringify(fault)}`);
}
