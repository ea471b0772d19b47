/** A pinned or listed release is there as a whole, whatever pins, mirrors, retires, sweeps and quarantines it at once. */

import { casesOf } from '../../support/thorough.ts';
import { type Act, anyOrder, everyInterruption, prepareRaces, type StartName } from './races.ts';

/** By chance, of each row: `RACES=200` for 3,400 orders in all; 68 otherwise, and 136 with THOROUGH=1, beside the interruptions. */
const ORDERS = Number(process.env['RACES'] ?? casesOf(8, 4));

/** What can happen to each other; two at a time are also played with interruptions. */
const ROWS: Readonly<Record<StartName, readonly (readonly Act[])[]>> = {
  'has left the lists a day ago': [
    ['mirror', 'sweep'],
    ['sweep', 'quarantine'],
    ['mirror', 'quarantine'],
    ['mirror', 'release'],
    ['pin', 'mirror', 'sweep'],
    ['mirror', 'sweep', 'sweep'],
    ['mirror', 'sweep', 'quarantine'],
    ['pin', 'mirror', 'release'],
  ],
  'is about to leave the lists': [
    ['pin', 'release'],
    ['pin', 'quarantine'],
    ['quarantine', 'release'],
    ['mirror', 'release'],
    ['pin', 'quarantine', 'release'],
    ['pin', 'unpin', 'release'],
  ],
  'was quarantined a day ago': [
    ['mirror', 'sweep'],
    ['mirror', 'quarantine'],
    ['mirror', 'sweep', 'quarantine'],
  ],
};

prepareRaces();

for (const [start, rows] of Object.entries(ROWS) as [StartName, (typeof ROWS)[StartName]][]) {
  for (const acts of rows) {
    if (acts.length === 2) everyInterruption(start, acts);
    anyOrder(start, acts, ORDERS);
  }
}
