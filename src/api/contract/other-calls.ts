/** The contract of the calls about configs, the service itself and the public index. No I/O. */
import * as z from 'zod';
import { jsonSchema, merged, transpiled, validation } from '../../configs/call-answers.ts';
import { mergeBody, schemaParams, transpileQuery, validateQuery } from '../../configs/call-requests.ts';
import { activityList } from '../../observability/activity-answer.ts';
import { health } from '../../observability/health-answer.ts';
import { updateList } from '../../observability/update-answer.ts';
import { publicIndexSchema } from '../../releases/store/release-index.ts';
import { ANY, type Contract } from './call.ts';

const CONFIG = {
  kind: 'raw',
  type: 'application/octet-stream',
  description: 'a config of any kind, gzipped or not; at most 8 MiB',
  example: '{"ignition":{"version":"3.4.0"}}',
} as const;

export const otherCalls = {
  validateConfig: {
    ...{ method: 'post', path: '/api/ignition/validate', tag: 'Configs', query: validateQuery, needs: ANY },
    summary: 'What Ignition would say of a config',
    description: '200 whatever the body holds.',
    body: CONFIG,
    answer: { status: 200, description: 'The report.', schema: validation },
    refusals: [400, 413, 422],
  },
  mergeConfigs: {
    ...{ method: 'post', path: '/api/ignition/merge', tag: 'Configs', needs: ANY },
    summary: 'Two configs as one',
    body: { kind: 'json', schema: mergeBody },
    answer: { status: 200, description: 'The merged config.', schema: merged },
    refusals: [400, 413, 422],
  },
  transpileConfig: {
    ...{ method: 'post', path: '/api/ignition/transpile', tag: 'Configs', query: transpileQuery, needs: ANY },
    summary: 'Butane or a Container Linux Config as Ignition',
    body: {
      ...{ kind: 'raw', type: 'application/yaml', description: 'YAML, at most 8 MiB' },
      example: 'variant: flatcar\nversion: 1.1.0\n',
    },
    answer: { status: 200, description: 'What `butane` or `ct` would write.', schema: transpiled },
    refusals: [400, 413, 422],
  },
  getConfigSchema: {
    ...{ method: 'get', path: '/api/ignition/schemas/{version}', tag: 'Configs', params: schemaParams, needs: ANY },
    summary: 'JSON Schema of a spec version, for editors',
    answer: { status: 200, description: 'Draft 2020-12.', schema: jsonSchema },
    refusals: [404, 422],
  },
  getMetrics: {
    ...{ method: 'get', path: '/api/metrics', tag: 'Service', needs: ['read'] },
    summary: 'Prometheus text: mirror jobs, verification failures, key days left, boots',
    answer: { status: 200, description: 'Text format 0.0.4.', type: 'text/plain; version=0.0.4' },
    refusals: [503],
  },
  listUpdates: {
    ...{ method: 'get', path: '/api/updates', tag: 'Service', needs: ['read', 'release'] },
    summary: 'How far updates are: what machines asked and told at `/v1/update/`, by release',
    answer: { status: 200, description: 'Counts by channel, board and release.', schema: updateList },
    refusals: [503],
  },
  listActivity: {
    ...{ method: 'get', path: '/api/activity', tag: 'Service', needs: ['read', 'release', 'machines'] },
    summary: 'Boots, downloads and refused files by hour',
    description: 'The counters of the metrics, as the poll has noted them once an hour for two weeks.',
    answer: { status: 200, description: 'By hour, oldest first.', schema: activityList },
    refusals: [503],
  },
  getHealth: {
    ...{ method: 'get', path: '/healthz', tag: 'Service', isPublic: true },
    summary: 'Whether the parts answer; 503 with the same body when one does not',
    answer: {
      status: 200,
      description: 'Computed at most every 10 s. The numbers of records are told with the operator token only.',
      schema: health,
    },
    refusals: [503],
    refusesIn: 'its-own-shape',
  },
  getSigningKey: {
    ...{ method: 'get', path: '/keys/signing-key.asc', tag: 'Service', isPublic: true },
    summary: 'The trusted keyring, for `gpg --import`',
    answer: { status: 200, description: 'Armored.', type: 'application/pgp-keys' },
    refusals: [502, 503, 504],
    refusesIn: 'text/plain',
  },
  getProvenanceKey: {
    ...{ method: 'get', path: '/keys/provenance.pem', tag: 'Service', isPublic: true },
    summary: 'The public key of the provenance of mirrored files',
    answer: { status: 200, description: 'PEM, of PROVENANCE_KEY.', type: 'application/x-pem-file' },
    refusals: [404],
    refusesIn: 'text/plain',
  },
  getReleaseIndex: {
    ...{ method: 'get', path: '/releases.json', tag: 'Service', isPublic: true },
    summary: 'The public index of what is mirrored',
    answer: { status: 200, description: 'Channel, board, version, files.', schema: publicIndexSchema },
    refusals: [412, 503],
    refusesIn: 'text/plain',
  },
  getStream: {
    ...{
      method: 'get',
      path: '/streams/{name}',
      tag: 'Service',
      isPublic: true,
      params: z.object({ name: z.string().meta({ description: 'CHANNEL.json', example: 'stable.json' }) }),
    },
    summary: 'What `current` names of a channel, as CoreOS stream metadata (`stable.json`)',
    answer: {
      status: 200,
      description: 'Architectures, platforms, formats.',
      schema: z.record(z.string(), z.unknown()),
    },
    refusals: [404, 412, 503],
    refusesIn: 'text/plain',
  },
  getSimplestreams: {
    ...{
      method: 'get',
      path: '/streams/v1/{name}',
      tag: 'Service',
      isPublic: true,
      params: z.object({ name: z.string().meta({ description: 'a list of simplestreams', example: 'index.json' }) }),
    },
    summary: 'The releases as simplestreams (`index.json`, `org.flatcar:download.json`)',
    answer: { status: 200, description: 'index:1.0 or products:1.0.', schema: z.record(z.string(), z.unknown()) },
    refusals: [404, 412, 503],
    refusesIn: 'text/plain',
  },
  getFeed: {
    ...{ method: 'get', path: '/feed.atom', tag: 'Service', isPublic: true },
    summary: 'A feed of published releases',
    answer: { status: 200, description: 'RFC 4287.', type: 'application/atom+xml' },
    refusals: [412, 503],
    refusesIn: 'text/plain',
  },
  getApiDocument: {
    ...{ method: 'get', path: '/api/openapi.json', tag: 'Service', isPublic: true },
    summary: 'This document',
    answer: { status: 200, description: 'OpenAPI 3.1.', schema: z.record(z.string(), z.unknown()) },
    refusals: [412],
    refusesIn: 'text/plain',
  },
} as const satisfies Contract;
