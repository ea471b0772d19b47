/** The contract of the calls about fleets. No I/O. */
import { issued } from '../../machines/api/call-answers.ts';
import {
  fleetDeletion,
  fleetPage,
  fleetView,
  issuedFleet,
  waitingPage,
  waitingRemoval,
} from '../../machines/api/fleet-answers.ts';
import {
  assignBody,
  fleetBody,
  fleetParams,
  fleetsQuery,
  fleetTokenBody,
  waitingParams,
} from '../../machines/api/fleet-requests.ts';
import { type Contract, writeQuery } from './call.ts';

const FLEET = { path: '/api/fleets/{name}', tag: 'Fleets', params: fleetParams } as const;
const WAITING = { path: '/api/fleets/{name}/waiting', tag: 'Fleets', params: fleetParams } as const;
const READS = ['read', 'machines'] as const;
const WRITES = ['machines'] as const;
/** Its variables may hold secrets. */
const SECRETS = ['machines', 'secrets'] as const;

export const fleetCalls = {
  listFleets: {
    ...{ method: 'get', path: '/api/fleets', tag: 'Fleets', query: fleetsQuery, needs: READS },
    summary: 'A page of fleets',
    answer: { status: 200, description: 'In the order of their names.', schema: fleetPage },
    refusals: [422, 503],
  },
  putFleet: {
    ...{ ...FLEET, method: 'put', query: writeQuery, needs: WRITES, isConditional: true },
    summary: 'Create a fleet, or replace what it says',
    description:
      'One URL for a room of machines. Its URL stays. Machines that it has taken in keep what they have: their records are their own.',
    body: { kind: 'json', schema: fleetBody },
    answer: { status: 200, description: 'The fleet, and its URL.', schema: issuedFleet },
    refusals: [400, 409, 412, 413, 422, 503],
  },
  getFleet: {
    ...{ ...FLEET, method: 'get', needs: SECRETS, isConditional: true },
    summary: 'A fleet',
    answer: { status: 200, description: 'What it says.', schema: fleetView },
    refusals: [404, 503],
  },
  deleteFleet: {
    ...{ ...FLEET, method: 'delete', query: writeQuery, needs: WRITES, isConditional: true },
    summary: 'Delete a fleet',
    description: 'Its URLs answer 410. Its machines stay, and boot by their own URLs.',
    answer: { status: 200, description: 'It is gone.', schema: fleetDeletion },
    refusals: [404, 409, 412, 503],
  },
  issueFleetToken: {
    ...{
      ...FLEET,
      method: 'post',
      path: '/api/fleets/{name}/token',
      query: writeQuery,
      needs: WRITES,
      isConditional: true,
    },
    summary: 'A new URL for a fleet',
    body: { kind: 'json', schema: fleetTokenBody, isOptional: true },
    answer: { status: 200, description: 'The fleet, and its URL.', schema: issuedFleet },
    refusals: [400, 404, 409, 412, 413, 422, 503],
  },
  listWaiting: {
    ...{ ...WAITING, method: 'get', needs: READS },
    summary: 'The machines that wait for an operator',
    description: 'For a day after they have asked last, at most 500. The last one that asked is first.',
    answer: { status: 200, description: 'What they say of themselves.', schema: waitingPage },
    refusals: [404, 503],
  },
  removeWaiting: {
    ...{ method: 'delete', path: '/api/fleets/{name}/waiting/{key}', tag: 'Fleets', params: waitingParams },
    ...{ query: writeQuery, needs: WRITES },
    summary: 'Forget a machine that waits',
    description: 'It is shown again once it asks.',
    answer: { status: 200, description: 'It is gone.', schema: waitingRemoval },
    refusals: [404, 503],
  },
  assignWaiting: {
    ...{
      ...WAITING,
      method: 'post',
      path: '/api/fleets/{name}/waiting/{key}',
      params: waitingParams,
      query: writeQuery,
      needs: WRITES,
    },
    summary: 'Make a machine of one that waits',
    description: 'It boots as this says when it asks the next time, within 15 seconds.',
    body: { kind: 'json', schema: assignBody, isOptional: true },
    answer: { status: 200, description: 'The machine, its URLs and the pointer.', schema: issued },
    refusals: [400, 404, 409, 413, 422, 503],
  },
} as const satisfies Contract;
