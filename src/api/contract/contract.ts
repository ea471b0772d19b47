/** Every call of the API by its operation id. No I/O. */
import { machineCalls } from './machine-calls.ts';
import { mirrorCalls } from './mirror-calls.ts';
import { otherCalls } from './other-calls.ts';

export const contract = { ...mirrorCalls, ...machineCalls, ...otherCalls } as const;
