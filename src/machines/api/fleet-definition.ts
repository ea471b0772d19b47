/** What a fleet says, from what a call says of it. No I/O. */
import type * as z from 'zod';
import { ok, type Result } from '../../shared/result.ts';
import type { OperatorFault } from '../problems.ts';
import type { FleetDefinition } from '../records/fleet-model.ts';
import type { fleetBody } from './fleet-requests.ts';
import { checkPlace, type Offered } from './machine-request.ts';

const ENROL_LIMIT = 100;

/** Returns the definition that a body gives; what is absent has its default. */
export function definitionOf(
  body: z.output<typeof fleetBody>,
  offered: Offered,
): Result<FleetDefinition, OperatorFault> {
  const { profiles = [], vars = {}, kernelArgs = [], expiresIn = null, rules = [], unknown = 'wait' } = body;
  const place = checkPlace(body, offered);
  if (!place.ok) return place;
  const kept: FleetDefinition['rules'] = [];
  for (const { match, channel, board, version, ...rest } of rules) {
    const isMoved = [channel, board, version].some((value) => value !== undefined);
    const own = {
      channel: channel ?? place.value.channel,
      board: board ?? place.value.board,
      version: version ?? place.value.version,
    };
    const moved = isMoved ? checkPlace(own, offered) : ok({});
    if (!moved.ok) return moved;
    const said = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    kept.push({ match, ...said, ...moved.value });
  }
  const { enrolLimit = ENROL_LIMIT, once = false, window = null } = body;
  return ok({ profiles, vars, ...place.value, kernelArgs, once, window, expiresIn, rules: kept, unknown, enrolLimit });
}
