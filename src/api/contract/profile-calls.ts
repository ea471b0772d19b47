/** The contract of the calls about profiles. No I/O. */

import {
  changeParams,
  changeQuery,
  pageQuery,
  profileBody,
  profileParams,
  profilePartQuery,
  profilePatch,
} from '../../machines/api/call-requests.ts';
import {
  changePage,
  changeView,
  profileChange,
  profileDeletion,
  profilePage,
  profileText,
  profileView,
} from '../../machines/api/profile-answers.ts';
import { type Contract, writeQuery, writing } from './call.ts';
import { CONFIG_BODY } from './machine-calls.ts';

const PROFILE = { path: '/api/profiles/{name}', tag: 'Profiles', params: profileParams } as const;
const CHANGE = { path: '/api/profiles/{name}/changes/{change}', tag: 'Profiles', params: changeParams } as const;
const READS = ['read', 'profiles'] as const;
const WRITES = ['profiles'] as const;
/** The texts of a profile may hold secrets, as user data may. */
const SECRETS = ['profiles', 'secrets'] as const;
const CHANGED = {
  status: 200,
  description: 'The profile, and what the change does.',
  schema: profileChange,
  accepted:
    'More machines use the profile than one call can look at: a check goes on by itself, and stores the change.',
} as const;

export const profileCalls = {
  listProfiles: {
    ...{ method: 'get', path: '/api/profiles', tag: 'Profiles', query: pageQuery, needs: READS },
    summary: 'A page of profiles',
    answer: { status: 200, description: 'In the order of their names.', schema: profilePage },
    refusals: [422, 503],
  },
  getProfile: {
    ...{ ...PROFILE, method: 'get', needs: SECRETS, isConditional: true },
    summary: 'A profile with its texts, and how its machines have booted',
    answer: { status: 200, description: 'The profile.', schema: profileView },
    refusals: [404, 503],
  },
  putProfile: {
    ...{ ...PROFILE, method: 'put', query: writing(changeQuery), needs: WRITES, isConditional: true },
    summary: 'Create a profile, or replace its settings',
    description: 'Settings that are absent get their defaults. Base and default stay as they are.',
    body: { kind: 'json', schema: profileBody },
    answer: CHANGED,
    refusals: [400, 409, 412, 413, 422, 503],
  },
  patchProfile: {
    ...{ ...PROFILE, method: 'patch', query: writing(changeQuery), needs: WRITES, isConditional: true },
    summary: 'Change some settings of a profile',
    description: 'A JSON merge patch (RFC 7396): what is absent stays.',
    body: { kind: 'json', schema: profilePatch },
    answer: CHANGED,
    refusals: [400, 404, 409, 412, 413, 422, 503],
  },
  deleteProfile: {
    ...{ ...PROFILE, method: 'delete', query: writeQuery, needs: WRITES, isConditional: true },
    summary: 'Delete a profile that no machine uses',
    answer: { status: 200, description: 'When.', schema: profileDeletion },
    refusals: [404, 409, 412, 422, 503],
  },
  listProfileChanges: {
    ...{ ...PROFILE, path: '/api/profiles/{name}/changes', method: 'get', query: pageQuery, needs: READS },
    summary: 'The changes of a profile that were checked on all of its machines, newest first',
    answer: { status: 200, description: 'How far each has come.', schema: changePage },
    refusals: [404, 422, 503],
  },
  getProfileChange: {
    ...{ ...CHANGE, method: 'get', needs: READS },
    summary: 'How far the check of a change has come, live',
    description: 'A check that shows no sign of life for five minutes is started again by this call.',
    answer: { status: 200, description: 'The check.', schema: changeView },
    refusals: [404, 503],
  },
  cancelProfileChange: {
    ...{ ...CHANGE, method: 'delete', query: writeQuery, needs: WRITES },
    summary: 'Cancel a check: its change is not stored',
    answer: { status: 200, description: 'The check as it is now.', schema: changeView },
    refusals: [404, 503],
  },
  ...layerCalls('base', 'merged under the config of every machine of the profile'),
  ...layerCalls('default', 'used when a machine has no Ignition config of its own'),
} as const satisfies Contract;

/** Returns the three calls about a layer of a profile, by operation id. */
function layerCalls<L extends 'base' | 'default'>(layer: L, meaning: string) {
  const path = `/api/profiles/{name}/${layer}` as const;
  const at = { tag: PROFILE.tag, params: PROFILE.params, path, isConditional: true } as const;
  const calls = {
    get: {
      ...{ ...at, needs: SECRETS },
      method: 'get',
      summary: `A profile's ${layer}: ${meaning}`,
      answer: { status: 200, description: 'The config as it was written, or made.', schema: profileText },
      refusals: [404, 503],
    },
    put: {
      ...{ ...at, query: writing(profilePartQuery), needs: WRITES },
      method: 'put',
      summary: `Change a profile's ${layer}; the profile is created where there is none`,
      body: CONFIG_BODY,
      answer: CHANGED,
      refusals: [400, 409, 412, 413, 422, 503],
    },
    delete: {
      ...{ ...at, query: writing(changeQuery), needs: WRITES },
      method: 'delete',
      summary: `Take a profile's ${layer} away`,
      answer: CHANGED,
      refusals: [404, 409, 412, 422, 503],
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
