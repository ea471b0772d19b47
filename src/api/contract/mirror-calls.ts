/** The contract of the calls about mirror jobs, published releases and aliases, and of the webhooks. No I/O. */
import * as z from 'zod';
import { onOff } from '../../configs/call-requests.ts';
import {
  aliasPage,
  aliasParams,
  aliasQuery,
  aliasView,
  announcedJobs,
  jobPage,
  jobQuery,
  jobView,
  keyringView,
  liftBody,
  lifted,
  manifestView,
  mirrorParams,
  pinBody,
  pinned,
  quarantined,
  quarantineQuery,
  releasePage,
  releaseParams,
  releaseQuery,
} from '../../mirror/api/call-shapes.ts';
import { jobLog, logQuery } from '../../mirror/api/log-shapes.ts';
import { announcement, toldByAnother } from '../../mirror/webhook.ts';
import { type Contract, writeQuery, writing } from './call.ts';

const MIRROR = {
  path: '/api/mirrors/{channel}/{board}/{version}',
  tag: 'Mirror jobs',
  params: mirrorParams,
} as const;
const RELEASE = { path: '/api/releases/{channel}/{board}/{version}', tag: 'Releases', params: releaseParams } as const;
const ALIAS = { path: '/api/aliases/{channel}/{board}/{alias}', tag: 'Aliases', params: aliasParams } as const;
const force = onOff.optional().meta({ description: '1: done though machines would not boot the release' });
/** These calls first resolve an alias by upstream's version.txt, so they have its refusals too. */
const UPSTREAM = [404, 422, 502, 503, 504] as const;

export const mirrorCalls = {
  listMirrors: {
    ...{ method: 'get', path: '/api/mirrors', tag: 'Mirror jobs', query: jobQuery, needs: ['read', 'mirror'] },
    summary: 'A page of jobs, newest first',
    answer: { status: 200, description: 'The jobs, and the names of those that cannot be read.', schema: jobPage },
    refusals: [422, 503],
  },
  startMirror: {
    ...{ ...MIRROR, method: 'put', query: writeQuery, needs: ['mirror'] },
    summary: 'Start, join or reopen mirroring a release',
    description:
      'The job is stored before the answer. A job that runs is joined; one that failed or was cancelled starts anew; a complete one reopens only for files that upstream has and the mirror lacks. Lifts a quarantine.',
    answer: { status: 202, description: 'The job.', schema: jobView },
    refusals: [...UPSTREAM, 409],
  },
  getMirror: {
    ...{ ...MIRROR, method: 'get', needs: ['read', 'mirror'] },
    summary: 'Show the progress of a job',
    answer: { status: 200, description: 'The job with its files.', schema: jobView },
    refusals: UPSTREAM,
  },
  getMirrorLog: {
    ...{ ...MIRROR, path: `${MIRROR.path}/log`, method: 'get', query: logQuery, needs: ['read', 'mirror'] },
    summary: 'The log of a job: how each of the last tries at its files has ended',
    answer: { status: 200, description: 'The oldest first; of each file the last 20.', schema: jobLog },
    refusals: UPSTREAM,
  },
  cancelMirror: {
    ...{ ...MIRROR, method: 'delete', query: writeQuery, needs: ['mirror'] },
    summary: 'Cancel a job',
    description: 'What was verified stays for the next attempt. A job that has ended is left as it is.',
    answer: { status: 200, description: 'The job as it is now.', schema: jobView },
    refusals: UPSTREAM,
  },
  listReleases: {
    ...{ method: 'get', path: '/api/releases', tag: 'Releases', query: releaseQuery, needs: ['read', 'release'] },
    summary: 'A page of releases: published, quarantined, blocked and distrusted ones',
    answer: { status: 200, description: 'Newest first, channel by channel.', schema: releasePage },
    refusals: [422, 503],
  },
  getRelease: {
    ...{ ...RELEASE, method: 'get', needs: ['read', 'release'], isConditional: true },
    summary: 'The manifest of a release',
    answer: { status: 200, description: 'Every file with its size, digest, signer and dates.', schema: manifestView },
    refusals: [404, 422, 503],
  },
  quarantineRelease: {
    ...{ ...RELEASE, method: 'delete', query: writing(quarantineQuery), needs: ['release'], isConditional: true },
    summary: 'Quarantine a release',
    description:
      'Out of every alias at once; its paths answer 404; poll, webhook and demand skip it; its files are gone a day later. A release that is not mirrored is blocked in the same way. Lifted by the call below, or by an explicit PUT of its mirror.',
    answer: {
      status: 200,
      description: 'The mark, and what each alias named before and names now.',
      schema: quarantined,
    },
    refusals: [404, 412, 422, 503],
  },
  liftQuarantine: {
    ...{ ...RELEASE, path: `${RELEASE.path}/lift`, method: 'post', query: writeQuery, needs: ['release'] },
    ...{ isConditional: true },
    summary: 'Lift a quarantine or a block',
    description: 'Nothing is mirrored by it: the poll, a webhook or a PUT of its mirror may do so from then on.',
    answer: { status: 200, description: 'The release without its mark.', schema: lifted },
    refusals: [404, 409, 412, 422, 503],
  },
  listAliases: {
    ...{ method: 'get', path: '/api/aliases', tag: 'Aliases', query: aliasQuery, needs: ['read', 'release'] },
    summary: 'What every alias names now',
    answer: { status: 200, description: 'Channel by channel.', schema: aliasPage },
    refusals: [422, 503],
  },
  getAlias: {
    ...{ ...ALIAS, method: 'get', needs: ['read', 'release'], isConditional: true },
    summary: 'What an alias names',
    answer: { status: 200, description: '`version` is what is served.', schema: aliasView },
    refusals: [404, 503],
  },
  pinAlias: {
    ...{ ...ALIAS, method: 'put', query: writing(z.object({ force })), needs: ['release'], isConditional: true },
    summary: 'Pin an alias to a published release (rolling back is allowed), or make a ring that follows another alias',
    description:
      'Refused with 409 where machines or fleets that boot by the alias would not boot the release: `causes` say why. `force=1` pins all the same.',
    body: { kind: 'json', schema: pinBody },
    answer: { status: 200, description: 'What the alias names, and what it named before.', schema: pinned },
    refusals: [400, 404, 409, 412, 413, 422, 503],
  },
  liftHold: {
    ...{ ...ALIAS, path: `${ALIAS.path}/lift`, method: 'post', query: writeQuery, needs: ['release'] },
    summary: 'Let an alias or a ring move onto a release from which the gate holds it back',
    description: 'For this release alone. An alias moves at once, and a ring when it is its time.',
    body: { kind: 'json', schema: liftBody },
    answer: { status: 200, description: 'What the alias names, and what it named before.', schema: pinned },
    refusals: [400, 404, 413, 422, 503],
  },
  unpinAlias: {
    ...{ ...ALIAS, method: 'delete', query: writing(z.object({ force })), needs: ['release'], isConditional: true },
    summary: 'Unpin an alias, or end a ring',
    description:
      'Refused with 409 where machines or fleets would not boot what the alias names without its pin. `force=1` unpins all the same.',
    answer: { status: 200, description: 'What the alias names, and what it named before.', schema: pinned },
    refusals: [404, 409, 412, 503],
  },
  getKeyring: {
    ...{ method: 'get', path: '/api/keyring', tag: 'Releases', needs: ['read', 'release'] },
    summary: 'Show the keys that sign releases, and until when',
    answer: { status: 200, description: 'The keys that are trusted.', schema: keyringView },
    refusals: [502, 503, 504],
  },
  refreshKeyring: {
    ...{ method: 'post', path: '/api/keyring/refresh', tag: 'Releases', query: writeQuery, needs: ['release'] },
    summary: 'Fetch the signing key now',
    description: 'What a revoked subkey has signed is distrusted by the next poll.',
    answer: { status: 200, description: 'The keys that are trusted.', schema: keyringView },
    refusals: [502, 503, 504],
  },
  announceByGithub: {
    ...{ method: 'post', path: '/webhooks/github', tag: 'Webhooks', isPublic: true, query: writeQuery },
    summary: "GitHub's `release` event",
    description: 'Signed with WEBHOOK_SECRET over the body. `ping` answers 200; what is none of ours is ignored.',
    headers: z.object({ 'x-hub-signature-256': z.string(), 'x-github-event': z.string() }),
    body: {
      ...{ kind: 'raw', type: 'application/json', description: "GitHub's event" },
      example: '{"action":"published","release":{"tag_name":"stable-4593.2.5"}}',
    },
    answer: { status: 202, description: 'The jobs it started or joined, or why it is ignored.', schema: announcedJobs },
    refusals: [400, 401, 413, 422, 503],
  },
  announceRelease: {
    ...{ method: 'post', path: '/webhooks/release', tag: 'Webhooks', isPublic: true, query: writeQuery },
    summary: 'A Standard Webhooks message that a release is out',
    description:
      'Takes what another edge announces too: ANNOUNCE_URLS there names this URL, and both have the same WEBHOOK_SECRET.',
    headers: z.object({ 'webhook-id': z.string(), 'webhook-timestamp': z.string(), 'webhook-signature': z.string() }),
    body: { kind: 'json', schema: z.union([announcement, toldByAnother]) },
    answer: { status: 202, description: 'The jobs it started or joined, or why it is ignored.', schema: announcedJobs },
    refusals: [400, 401, 413, 422, 503],
  },
} as const satisfies Contract;
