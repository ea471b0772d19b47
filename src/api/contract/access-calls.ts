/** The contract of the calls about tokens, the audit trail and the caller. No I/O. */
import {
  accessPageQuery,
  auditPage,
  auditQuery,
  me,
  tokenMade,
  tokenPage,
  tokenParams,
  tokenRevoked,
  tokenView,
  tokenWish,
} from '../../access/call-shapes.ts';
import { ANY, type Contract, NOBODY, writeQuery } from './call.ts';

const TOKEN = { path: '/api/tokens/{name}', tag: 'Access', params: tokenParams } as const;

export const accessCalls = {
  listTokens: {
    ...{ method: 'get', path: '/api/tokens', tag: 'Access', query: accessPageQuery, needs: NOBODY },
    summary: 'A page of tokens, without their secrets',
    answer: { status: 200, description: 'In the order of their names.', schema: tokenPage },
    refusals: [422, 503],
  },
  getToken: {
    ...{ ...TOKEN, method: 'get', needs: NOBODY, isConditional: true },
    summary: 'What a token may do',
    answer: { status: 200, description: 'Without the token itself.', schema: tokenView },
    refusals: [404, 422, 503],
  },
  putToken: {
    ...{ ...TOKEN, method: 'put', query: writeQuery, needs: NOBODY, isConditional: true },
    summary: 'Make a token; one of the same name ends',
    description:
      'Only the holder of OPERATOR_TOKEN makes tokens. The answer tells the token this once; a hash is stored.',
    body: { kind: 'json', schema: tokenWish },
    answer: { status: 200, description: 'The token.', schema: tokenMade },
    refusals: [400, 409, 412, 413, 422, 503],
  },
  revokeToken: {
    ...{ ...TOKEN, method: 'delete', query: writeQuery, needs: NOBODY, isConditional: true },
    summary: 'End a token at once',
    answer: { status: 200, description: 'When.', schema: tokenRevoked },
    refusals: [404, 412, 422, 503],
  },
  listAudit: {
    ...{ method: 'get', path: '/api/audit', tag: 'Access', query: auditQuery, needs: ['read'] },
    summary: 'A page of the audit trail, newest first',
    description:
      'Every write that went through, kept for AUDIT_DAYS. A page of a filter may have few entries, or none, before the end.',
    answer: { status: 200, description: 'Who wrote what, and when.', schema: auditPage },
    refusals: [422, 503],
  },
  getCaller: {
    ...{ method: 'get', path: '/api/me', tag: 'Access', needs: ANY },
    summary: 'Who makes this call, and what they may do',
    answer: { status: 200, description: 'The caller.', schema: me },
    refusals: [503],
  },
} as const satisfies Contract;
