/** A pinned or listed release is there as a whole, whatever pins, mirrors, retires, sweeps and quarantines it at once. */
import { type Act, anyOrder, everyInterruption, prepareRaces, STARTS, type StartName } from './races.ts';

const ACTS: readonly Act[] = ['pin', 'mirror', 'sweep', 'quarantine', 'release'];
const ORDERS = 8;

prepareRaces();

for (const start of Object.keys(STARTS) as StartName[]) {
  for (const [place, first] of ACTS.entries()) {
    for (const second of ACTS.slice(place + 1)) {
      everyInterruption(start, [first, second]);
      anyOrder(start, [first, second], ORDERS);
    }
  }
  anyOrder(start, ['pin', 'mirror', 'sweep'], ORDERS);
  anyOrder(start, ['mirror', 'sweep', 'sweep'], ORDERS);
  anyOrder(start, ['pin', 'unpin', 'sweep'], ORDERS);
  anyOrder(start, ['mirror', 'sweep', 'quarantine'], ORDERS);
}
