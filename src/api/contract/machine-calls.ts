/** The contract of the calls about machines and profiles. No I/O. */
import {
  deletion,
  explanation,
  importResult,
  issued,
  machinePage,
  machineView,
  profileChange,
  profileDeletion,
  profilePage,
  profileText,
  profileView,
  resealed,
} from '../../machines/api/call-answers.ts';
import {
  changeQuery,
  importQuery,
  machineParams,
  machineQuery,
  machinesQuery,
  pageQuery,
  profileBody,
  profileParams,
  profilePartQuery,
  resealQuery,
  tokenBody,
} from '../../machines/api/call-requests.ts';
import type { Contract } from './call.ts';

const MACHINE = { path: '/api/machines/{id}', tag: 'Machines', params: machineParams } as const;
const PROFILE = { path: '/api/profiles/{name}', tag: 'Profiles', params: profileParams } as const;
const USER_DATA = {
  kind: 'raw',
  type: 'application/octet-stream',
  description:
    'Ignition 1, 2.x or 3.x, Butane, a Container Linux Config (`format=ct`), a cloud-config, a `#!` script or MIME multipart, gzipped or not; at most 1 MiB',
} as const;
const CHANGED = { status: 200, description: 'The profile, and what the change does.', schema: profileChange } as const;
const ISSUED = { status: 200, description: 'The URLs and the pointer.', schema: issued } as const;

export const machineCalls = {
  listMachines: {
    ...{ method: 'get', path: '/api/machines', tag: 'Machines', query: machinesQuery },
    summary: 'A page of machines',
    answer: { status: 200, description: 'In the order of their ids.', schema: machinePage },
    refusals: [503],
  },
  putMachine: {
    ...MACHINE,
    method: 'put',
    query: machineQuery,
    summary: 'Create or replace a machine',
    description: 'Its URLs stay unless `expires_in` asks for new ones. What would not boot is refused, and not stored.',
    body: { ...USER_DATA, isOptional: true },
    answer: ISSUED,
    refusals: [400, 409, 413, 422, 503],
  },
  getMachine: {
    ...MACHINE,
    method: 'get',
    summary: 'A machine, and its last boots',
    answer: { status: 200, description: 'Without its secrets.', schema: machineView },
    refusals: [404, 410, 503],
  },
  deleteMachine: {
    ...MACHINE,
    method: 'delete',
    summary: 'Delete a machine; its URLs answer 410',
    answer: { status: 200, description: 'When.', schema: deletion },
    refusals: [404, 409, 410, 422, 503],
  },
  issueToken: {
    ...{ ...MACHINE, method: 'post', path: '/api/machines/{id}/token' },
    summary: 'New URLs; the older ones stay unless revoked',
    body: { kind: 'json', schema: tokenBody, isOptional: true },
    answer: ISSUED,
    refusals: [400, 404, 409, 410, 413, 422, 503],
  },
  explainMachine: {
    ...{ ...MACHINE, method: 'get', path: '/api/machines/{id}/explain' },
    summary: 'What boots, and which layer set each part',
    answer: { status: 200, description: 'The merged config, and where it comes from.', schema: explanation },
    refusals: [404, 410, 422, 503],
  },
  exportMachines: {
    ...{ method: 'get', path: '/api/machines/export', tag: 'Machines', query: pageQuery },
    summary: 'A page of machines as NDJSON, user data and secrets included',
    description:
      '`x-next-cursor` and `Link` lead on. A machine that cannot be read is a line `{"unreadable": id, "reason": why}`, and `x-unreadable` counts those.',
    answer: { status: 200, description: 'A machine a line.', type: 'application/x-ndjson' },
    refusals: [503],
  },
  importMachines: {
    ...{ method: 'post', path: '/api/machines/import', tag: 'Machines' },
    query: importQuery,
    summary: 'Machines from lines of an export, at most 300',
    body: { kind: 'raw', type: 'application/x-ndjson', description: 'a machine a line, at most 32 MiB' },
    answer: { status: 200, description: 'How many were stored.', schema: importResult },
    refusals: [400, 409, 413, 422, 503],
  },
  resealStorage: {
    ...{ method: 'post', path: '/api/storage/reseal', tag: 'Machines', query: resealQuery },
    summary: 'Rewrite a page of what an older STORAGE_KEY value sealed or signed, or nothing has signed',
    description:
      'What cannot be read is named and stays. From the end of the last page on, an unsigned record is refused.',
    answer: { status: 200, description: 'How many were rewritten, and where to go on.', schema: resealed },
    refusals: [422, 503],
  },
  listProfiles: {
    ...{ method: 'get', path: '/api/profiles', tag: 'Profiles', query: pageQuery },
    summary: 'A page of profiles',
    answer: { status: 200, description: 'In the order of their names.', schema: profilePage },
    refusals: [503],
  },
  getProfile: {
    ...PROFILE,
    method: 'get',
    summary: 'A profile with its texts',
    answer: { status: 200, description: 'The profile.', schema: profileView },
    refusals: [404, 503],
  },
  putProfile: {
    ...PROFILE,
    method: 'put',
    query: changeQuery,
    summary: 'Create a profile, or change its settings',
    body: { kind: 'json', schema: profileBody },
    answer: CHANGED,
    refusals: [400, 409, 413, 422, 503],
  },
  deleteProfile: {
    ...PROFILE,
    method: 'delete',
    summary: 'Delete a profile that no machine uses',
    answer: { status: 200, description: 'When.', schema: profileDeletion },
    refusals: [404, 409, 422, 503],
  },
  ...layerCalls('base', 'what is put before the user data'),
  ...layerCalls('default', 'what boots where the user data holds no Ignition config'),
} as const satisfies Contract;

/** Returns the three calls about a layer of a profile, by operation id. */
function layerCalls<L extends 'base' | 'default'>(layer: L, meaning: string) {
  const path = `/api/profiles/{name}/${layer}` as const;
  const at = { tag: PROFILE.tag, params: PROFILE.params, path };
  const calls = {
    get: {
      ...at,
      method: 'get',
      summary: `A profile's ${layer}: ${meaning}`,
      answer: { status: 200, description: 'The config as it was written, or made.', schema: profileText },
      refusals: [404, 503],
    },
    put: {
      ...at,
      method: 'put',
      query: profilePartQuery,
      summary: `Change a profile's ${layer}; the profile is created where there is none`,
      body: USER_DATA,
      answer: CHANGED,
      refusals: [400, 409, 413, 422, 503],
    },
    delete: {
      ...at,
      method: 'delete',
      query: changeQuery,
      summary: `Take a profile's ${layer} away`,
      answer: CHANGED,
      refusals: [409, 422, 503],
    },
  } as const;
  type OperationId<V extends string> = `${V}Profile${Capitalize<L>}`;
  const suffix = `${layer.slice(0, 1).toUpperCase()}${layer.slice(1)}`;
  return {
    [`getProfile${suffix}`]: calls.get,
    [`putProfile${suffix}`]: calls.put,
    [`deleteProfile${suffix}`]: calls.delete,
  } as Record<OperationId<'get'>, typeof calls.get> &
    Record<OperationId<'put'>, typeof calls.put> &
    Record<OperationId<'delete'>, typeof calls.delete>;
}
