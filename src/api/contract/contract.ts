/** Every call of the API by its operation id. No I/O. */
import { accessCalls } from './access-calls.ts';
import { announcementCalls } from './announcement-calls.ts';
import { fleetCalls } from './fleet-calls.ts';
import { machineCalls } from './machine-calls.ts';
import { mirrorCalls } from './mirror-calls.ts';
import { otherCalls } from './other-calls.ts';
import { profileCalls } from './profile-calls.ts';
import { sysextCalls } from './sysext-calls.ts';

export const contract = {
  ...mirrorCalls,
  ...machineCalls,
  ...profileCalls,
  ...fleetCalls,
  ...accessCalls,
  ...announcementCalls,
  ...sysextCalls,
  ...otherCalls,
} as const;
