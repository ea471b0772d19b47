/** The contract of the calls about mirror jobs, published releases and aliases, and of the webhooks. No I/O. */
import * as z from 'zod';
import {
  aliasParams,
  aliasView,
  announcedJobs,
  jobView,
  jobViews,
  manifestView,
  mirrorParams,
  pinBody,
  publishedList,
  quarantineMark,
  releaseParams,
} from '../../mirror/api/call-shapes.ts';
import { announcement } from '../../mirror/webhook.ts';
import type { Contract } from './call.ts';

const MIRROR = '/api/mirrors/{channel}/{board}/{version}';
const RELEASE = '/api/releases/{channel}/{board}/{version}';
const ALIAS = '/api/aliases/{channel}/{board}/{alias}';
/** These calls first resolve an alias by upstream's version.txt, so they have its refusals too. */
const UPSTREAM = [404, 422, 502, 503, 504] as const;

export const mirrorCalls = {
  listMirrors: {
    ...{ method: 'get', path: '/api/mirrors', tag: 'Mirror jobs' },
    summary: 'Every job, newest first',
    answer: {
      status: 200,
      description: 'The jobs, and last the names of those that cannot be read.',
      schema: jobViews,
    },
    refusals: [503],
  },
  startMirror: {
    ...{ method: 'put', path: MIRROR, tag: 'Mirror jobs', params: mirrorParams },
    summary: 'Start, join or reopen mirroring a release',
    description:
      'The job is stored before the answer. A job that runs is joined; one that failed or was cancelled starts anew; a complete one reopens only for files that upstream has and the mirror lacks. Lifts a quarantine.',
    answer: { status: 202, description: 'The job.', schema: jobView },
    refusals: [...UPSTREAM, 409],
  },
  getMirror: {
    ...{ method: 'get', path: MIRROR, tag: 'Mirror jobs', params: mirrorParams },
    summary: 'How a job gets on, live',
    answer: { status: 200, description: 'The job with its files.', schema: jobView },
    refusals: UPSTREAM,
  },
  cancelMirror: {
    ...{ method: 'delete', path: MIRROR, tag: 'Mirror jobs', params: mirrorParams },
    summary: 'Cancel a job',
    description: 'What was verified stays for the next attempt. A job that has ended is left as it is.',
    answer: { status: 200, description: 'The job as it is now.', schema: jobView },
    refusals: UPSTREAM,
  },
  listReleases: {
    ...{ method: 'get', path: '/api/releases', tag: 'Releases' },
    summary: 'What is published, and what the aliases name',
    answer: { status: 200, description: 'Releases, and the records of the aliases.', schema: publishedList },
    refusals: [503],
  },
  getRelease: {
    ...{ method: 'get', path: RELEASE, tag: 'Releases', params: releaseParams },
    summary: 'The manifest of a release',
    answer: { status: 200, description: 'Every file with its size, digest, signer and dates.', schema: manifestView },
    refusals: [404, 422, 503],
  },
  quarantineRelease: {
    ...{ method: 'delete', path: RELEASE, tag: 'Releases', params: releaseParams },
    summary: 'Quarantine a release',
    description:
      'Out of every alias at once; its paths answer 404; poll, webhook and demand skip it; its files are gone a day later. A release that is not mirrored is blocked in the same way. Only an explicit PUT of its mirror lifts it.',
    answer: { status: 200, description: 'What is left of it.', schema: quarantineMark },
    refusals: [404, 422, 503],
  },
  getAlias: {
    ...{ method: 'get', path: ALIAS, tag: 'Aliases', params: aliasParams },
    summary: 'What an alias names',
    answer: { status: 200, description: 'Its record.', schema: aliasView },
    refusals: [404, 503],
  },
  pinAlias: {
    ...{ method: 'put', path: ALIAS, tag: 'Aliases', params: aliasParams },
    summary: 'Pin an alias to a published release; rolling back is allowed',
    body: { kind: 'json', schema: pinBody },
    answer: { status: 200, description: 'Its record.', schema: aliasView },
    refusals: [400, 404, 409, 413, 422, 503],
  },
  unpinAlias: {
    ...{ method: 'delete', path: ALIAS, tag: 'Aliases', params: aliasParams },
    summary: 'Unpin an alias',
    answer: { status: 200, description: 'Its record.', schema: aliasView },
    refusals: [404, 503],
  },
  announceByGithub: {
    ...{ method: 'post', path: '/webhooks/github', tag: 'Webhooks', isPublic: true },
    summary: "GitHub's `release` event",
    description: 'Signed with WEBHOOK_SECRET over the body. `ping` answers 200; what is none of ours is ignored.',
    headers: z.object({ 'x-hub-signature-256': z.string(), 'x-github-event': z.string() }),
    body: { kind: 'raw', type: 'application/json', description: "GitHub's event" },
    answer: { status: 202, description: 'The jobs it started or joined, or why it is ignored.', schema: announcedJobs },
    refusals: [400, 401, 413, 503],
  },
  announceRelease: {
    ...{ method: 'post', path: '/webhooks/release', tag: 'Webhooks', isPublic: true },
    summary: 'A Standard Webhooks message that a release is out',
    headers: z.object({ 'webhook-id': z.string(), 'webhook-timestamp': z.string(), 'webhook-signature': z.string() }),
    body: { kind: 'json', schema: announcement },
    answer: { status: 202, description: 'The jobs it started or joined, or why it is ignored.', schema: announcedJobs },
    refusals: [400, 401, 413, 422, 503],
  },
} as const satisfies Contract;
