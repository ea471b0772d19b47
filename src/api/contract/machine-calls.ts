/** The contract of the calls about machines. No I/O. */

import { formatQuery } from '../../configs/call-requests.ts';
import {
  booted,
  deletion,
  explanation,
  importResult,
  issued,
  machineCounts,
  machinePage,
  machineView,
  preview,
  resealed,
  revokedUrl,
  urlList,
} from '../../machines/api/call-answers.ts';
import {
  importQuery,
  machineParams,
  machinePatch,
  machineQuery,
  machinesQuery,
  pageQuery,
  previewQuery,
  resealQuery,
  tokenBody,
  urlParams,
} from '../../machines/api/call-requests.ts';
import { type Contract, writeQuery, writing } from './call.ts';

const MACHINE = { path: '/api/machines/{id}', tag: 'Machines', params: machineParams } as const;
const USER_DATA = { ...MACHINE, path: '/api/machines/{id}/user-data' } as const;
const READS = ['read', 'machines'] as const;
const WRITES = ['machines'] as const;
/** User data holds what makes a machine a member of something. */
const SECRETS = ['machines', 'secrets'] as const;

/** The body that is a config of any kind. */
export const CONFIG_BODY = {
  kind: 'raw',
  type: 'application/octet-stream',
  description:
    'Ignition 1, 2.x or 3.x, Butane, a Container Linux Config (`format=ct`), a cloud-config, a `#!` script or MIME multipart, gzipped or not; at most 1 MiB',
  example: '{"ignition":{"version":"3.4.0"}}',
} as const;
const ISSUED = { status: 200, description: 'The URLs and the pointer.', schema: issued } as const;

export const machineCalls = {
  listMachines: {
    ...{ method: 'get', path: '/api/machines', tag: 'Machines', query: machinesQuery, needs: READS },
    summary: 'A page of machines with their states',
    description:
      'A call looks at 10,000 machines at most, so a page of a filter may have few of them, or none, before the end.',
    answer: { status: 200, description: 'In the order of their ids.', schema: machinePage },
    refusals: [422, 503],
  },
  countMachines: {
    ...{ method: 'get', path: '/api/machine-counts', tag: 'Machines', query: machinesQuery, needs: READS },
    summary: 'How many machines are in each state',
    description: 'A call looks at 10,000 machines at most: add what the following pages count.',
    answer: { status: 200, description: 'The counts.', schema: machineCounts },
    refusals: [422, 503],
  },
  putMachine: {
    ...{ ...MACHINE, method: 'put', query: writing(machineQuery), needs: WRITES, isConditional: true },
    summary: 'Create or replace a machine',
    description:
      'All of it but its URLs, which stay unless `expires_in` asks for new ones. What would not boot is refused, and not stored. With `If-None-Match: *` it is created or nothing happens.',
    body: { ...CONFIG_BODY, isOptional: true },
    answer: ISSUED,
    refusals: [400, 409, 412, 413, 422, 503],
  },
  patchMachine: {
    ...{ ...MACHINE, method: 'patch', query: writeQuery, needs: WRITES, isConditional: true },
    summary: 'Change everything of a machine but its user data',
    description: 'A JSON merge patch (RFC 7396): what is absent stays.',
    body: { kind: 'json', schema: machinePatch },
    answer: ISSUED,
    refusals: [400, 404, 409, 410, 412, 413, 422, 503],
  },
  getMachine: {
    ...{ ...MACHINE, method: 'get', needs: READS, isConditional: true },
    summary: 'A machine, its state and its last boots',
    description: 'The `ETag` is that of its record: its boots come and go without a new one.',
    answer: { status: 200, description: 'Without its secrets.', schema: machineView },
    refusals: [404, 410, 503],
  },
  deleteMachine: {
    ...{ ...MACHINE, method: 'delete', query: writeQuery, needs: WRITES, isConditional: true },
    summary: 'Delete a machine; its URLs answer 410',
    answer: { status: 200, description: 'When.', schema: deletion },
    refusals: [404, 409, 410, 412, 422, 503],
  },
  getMachineUserData: {
    ...{ ...USER_DATA, method: 'get', needs: SECRETS, isConditional: true },
    summary: 'The user data of a machine as it was written',
    description: 'Gunzipped, and in the language that it was written in.',
    answer: { status: 200, description: 'The text.', type: 'text/plain' },
    refusals: [404, 410, 503],
  },
  putMachineUserData: {
    ...{ ...USER_DATA, method: 'put', query: writing(formatQuery), needs: WRITES, isConditional: true },
    summary: 'Change the user data of a machine, and nothing else',
    body: CONFIG_BODY,
    answer: ISSUED,
    refusals: [400, 404, 409, 410, 412, 413, 422, 503],
  },
  deleteMachineUserData: {
    ...{ ...USER_DATA, method: 'delete', query: writeQuery, needs: WRITES, isConditional: true },
    summary: 'Take the user data of a machine away',
    answer: ISSUED,
    refusals: [404, 409, 410, 412, 422, 503],
  },
  issueToken: {
    ...{ ...MACHINE, method: 'post', path: '/api/machines/{id}/token', query: writeQuery, needs: WRITES },
    ...{ isConditional: true },
    summary: 'New URLs; the older ones stay unless revoked',
    body: { kind: 'json', schema: tokenBody, isOptional: true },
    answer: ISSUED,
    refusals: [400, 404, 409, 410, 412, 413, 422, 503],
  },
  listUrls: {
    ...{ ...MACHINE, method: 'get', path: '/api/machines/{id}/urls', needs: READS },
    summary: 'The URLs that were given out, by number',
    description: 'The last 20, newest first. A URL itself is told when it is given out, and by no other call.',
    answer: { status: 200, description: 'Which of them answer.', schema: urlList },
    refusals: [404, 410, 503],
  },
  revokeUrl: {
    ...{ method: 'delete', path: '/api/machines/{id}/urls/{number}', tag: 'Machines', params: urlParams },
    ...{ query: writeQuery, needs: WRITES },
    summary: 'End one URL; the others stay',
    description:
      'It answers 410 from then on. Another takes the place of the newest, which the next PUT or POST …/token tells. To end all, POST …/token with `revoke`.',
    answer: { status: 200, description: 'It is ended.', schema: revokedUrl },
    refusals: [404, 409, 410, 412, 422, 503],
  },
  rearmMachine: {
    ...{ ...MACHINE, method: 'post', path: '/api/machines/{id}/rearm', query: writeQuery, needs: WRITES },
    ...{ isConditional: true },
    summary: 'Open the URLs of a machine for another boot',
    description: 'For a machine with `once` or `window`. Its URLs stay as they are.',
    answer: ISSUED,
    refusals: [404, 409, 410, 412, 422, 503],
  },
  explainMachine: {
    ...{ ...MACHINE, method: 'get', path: '/api/machines/{id}/explain', needs: SECRETS },
    summary: 'What boots, and which layer set each part',
    description: 'All layers are told whether they merge or not; where they do not, `error` and `entries` say why.',
    answer: {
      status: 200,
      description: 'The layers, the merged config, and where it comes from.',
      schema: explanation,
    },
    refusals: [404, 410, 422, 503],
  },
  previewMachine: {
    ...{ method: 'post', path: '/api/machines/{id}/preview', tag: 'Machines', params: machineParams },
    ...{ query: previewQuery, needs: SECRETS, storesNothing: true },
    summary: 'What the machine would boot with another base or default',
    description: 'The body takes the place of one layer of one of its profiles. Nothing is stored.',
    body: CONFIG_BODY,
    answer: { status: 200, description: 'The merged config, or why it does not merge.', schema: preview },
    refusals: [400, 404, 410, 413, 422, 503],
  },
  getBootedConfig: {
    ...{ ...MACHINE, method: 'get', path: '/api/machines/{id}/booted', needs: SECRETS },
    summary: 'The config that the machine got last',
    description: 'Beside `explain` it shows what the next boot changes. 404 where the machine has not got one.',
    answer: { status: 200, description: 'The config, and when it first got it.', schema: booted },
    refusals: [404, 410, 503],
  },
  exportMachines: {
    ...{ method: 'get', path: '/api/machines/export', tag: 'Machines', query: pageQuery, needs: ['secrets'] },
    summary: 'A page of machines as NDJSON, user data and secrets included',
    description:
      'Before the first machine, every fleet. `x-next-cursor` and `Link` lead on. A machine that cannot be read is a line `{"unreadable": id, "reason": why}`, and `x-unreadable` counts those.',
    answer: { status: 200, description: 'A machine a line.', type: 'application/x-ndjson' },
    refusals: [422, 503],
  },
  importMachines: {
    ...{ method: 'post', path: '/api/machines/import', tag: 'Machines', needs: ['secrets'], alsoNeeds: WRITES },
    query: writing(importQuery),
    summary: 'Machines from lines of an export, at most 300',
    body: {
      ...{ kind: 'raw', type: 'application/x-ndjson', description: 'a machine a line, at most 32 MiB' },
      example: '{"unreadable":"vm-9","reason":"its hash is another"}',
    },
    answer: { status: 200, description: 'How many were stored.', schema: importResult },
    refusals: [400, 409, 413, 422, 503],
  },
  resealStorage: {
    ...{
      method: 'post',
      path: '/api/storage/reseal',
      tag: 'Machines',
      query: writing(resealQuery),
      needs: ['secrets'],
    },
    summary: 'Rewrite a page of what an older STORAGE_KEY value sealed or signed, or nothing has signed',
    description:
      'What cannot be read is named and stays. From the end of the last page on, an unsigned record is refused.',
    answer: { status: 200, description: 'How many were rewritten, and where to go on.', schema: resealed },
    refusals: [422, 503],
  },
} as const satisfies Contract;
