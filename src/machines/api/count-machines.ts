/** How many machines are in each state. It reads summaries only, a thousand at a time. */
import { answerJson } from '../../shared/http/api.ts';
import type { Call } from '../../shared/http/call.ts';
import { MACHINE_STATES } from '../boot/state.ts';
import type { machineCounts } from './call-answers.ts';
import { machinesQuery } from './call-requests.ts';
import { filterFor, type KnownProfiles, lookAt } from './look-at-machines.ts';
import { readShape } from './machine-request.ts';
import { named } from './page-items.ts';
import { type MachineRoom, placeIn, refuse } from './room.ts';

/** A call looks at so many machines: the cursor goes on from there, and the counts are to be added. */
const MOST_LOOKED = 10_000;

/** Answers `GET /api/machine-counts`. */
export async function countMachines(room: MachineRoom, call: Call): Promise<Response> {
  const asked = readShape(machinesQuery, call.req.query());
  if (!asked.ok) return refuse(call, asked.error);
  const { cursor, profile, fleet, state, prefix } = asked.value;
  const filter = filterFor(call, { profile, fleet, state, prefix });
  const list = `machine-counts ${JSON.stringify(filter ?? null)}`;
  const place = await placeIn(room, list, cursor);
  if (!place.ok) return refuse(call, place.error);
  const counts = new Map<string, number>(MACHINE_STATES.map((name) => [name, 0]));
  const unreadable: { id: string; reason: string }[] = [];
  const profiles: KnownProfiles = new Map();
  let after = place.value;
  let isEnd = filter === undefined;
  for (let looked = 0; looked < MOST_LOOKED && filter !== undefined && !isEnd; ) {
    const look = await lookAt(room, filter, profiles, { after });
    if (!look.ok) return refuse(call, look.error);
    for (const item of look.value.items) counts.set(item.state, (counts.get(item.state) ?? 0) + 1);
    unreadable.push(...look.value.unreadable);
    ({ isEnd } = look.value);
    looked += look.value.looked;
    after = look.value.last ?? after;
  }
  return answerJson<typeof machineCounts>({
    counts: Object.fromEntries(counts) as Record<(typeof MACHINE_STATES)[number], number>,
    ...named(unreadable),
    cursor: await room.cursors.make(list, isEnd ? null : after),
  });
}
