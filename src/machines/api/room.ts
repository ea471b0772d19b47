/** What the routes about machines and profiles share: their ports, and how they refuse. */

import { refuse as answerProblem, type Call } from '../../shared/http/call.ts';
import type { Cursors } from '../../shared/http/cursor.ts';
import type { Result } from '../../shared/result.ts';
import { err, ok } from '../../shared/result.ts';
import type { StoreFault } from '../../shared/store.ts';
import type { BootRoom } from '../boot/routes-boot.ts';
import type { CheckPorts } from '../checks/run-check.ts';
import type { FleetPorts } from '../fleets/boot-fleet.ts';
import { badField, machineProblem, type OperatorFault } from '../problems.ts';
import type { Offered } from './machine-request.ts';

export interface MachineRoom extends FleetPorts, Pick<BootRoom, 'publicUrl'> {
  readonly offered: Offered;
  /** BOOT_URL, for the URLs that firmware asks. If it is empty, they are as the others. */
  readonly bootUrl: string;
  readonly cursors: Cursors;
  readonly check: Pick<CheckPorts, 'checks' | 'launcher' | 'audit'>;
  /** True where nothing that is written stays. */
  readonly isDry: boolean;
  /** Counts the requests for configs of a profile's machines by outcome. */
  readonly bootsOf: (profile: string) => Promise<Result<Readonly<Record<string, number>>, StoreFault>>;
}

/** Returns the ports of the checks of this room. */
export const checkPorts = (room: MachineRoom): CheckPorts => ({ machines: room, ...room.check });

/** Returns the origin under which clients reach this service, such as `https://edge.example`. */
export const originOf = (room: MachineRoom, call: Call): string => room.publicUrl || new URL(call.req.url).origin;

/** Answers with the problem of a fault. */
export const refuse = (call: Call, fault: OperatorFault): Response => answerProblem(call, machineProblem(fault));

/** Returns the place of a cursor; an empty text where there is none, and a fault for one that `list` has not given out. */
export async function placeIn(
  room: Pick<MachineRoom, 'cursors'>,
  list: string,
  cursor: string | undefined,
): Promise<Result<string, OperatorFault>> {
  if (cursor === undefined) return ok('');
  const place = await room.cursors.read(list, cursor);
  return place === undefined
    ? err(badField('cursor', 'is not one that this call gave: take the cursor of the page before'))
    : ok(place);
}
