/**
 * The zod schemas of the calls about tokens, the audit trail and the caller. The routes check requests with them, and the
 * API document is made from them. No I/O.
 */
import * as z from 'zod';
import { SCOPES } from './scopes.ts';
import { TOKEN_NAME } from './token-record.ts';

const MOST_SECONDS = 10 * 366 * 24 * 3600;
const NAME_RULE = 'must be 1 to 64 letters, digits, "_" or "-", beginning with a letter or a digit';
const MAY_RULE = `must be a list of one or more of ${SCOPES.join(', ')}`;
const word = z.enum(SCOPES, { error: ({ input }) => `${String(input)} is none of ${SCOPES.join(', ')}` });
const SECONDS_RULE = `must be whole seconds from 1 to ${MOST_SECONDS}`;
const PREFIX_RULE = 'must be 1 to 128 letters, digits, ".", "_" or "-"';

export const tokenParams = z.object({
  name: z.string().regex(TOKEN_NAME, NAME_RULE).meta({ description: 'the token', example: 'ci' }),
});

export const tokenWish = z
  .strictObject({
    may: z.array(word, { error: MAY_RULE }).min(1, MAY_RULE),
    prefix: z
      .string({ error: PREFIX_RULE })
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, PREFIX_RULE)
      .optional()
      .meta({ description: 'only machines and profiles whose names begin with it', example: 'team-a-' }),
    expiresIn: z
      .int({ error: SECONDS_RULE })
      .min(1, SECONDS_RULE)
      .max(MOST_SECONDS, SECONDS_RULE)
      .optional()
      .meta({ description: 'seconds from now; absent: it never expires', example: 7_776_000 }),
  })
  .meta({ id: 'TokenWish', example: { may: ['read', 'machines'], prefix: 'team-a-', expiresIn: 7_776_000 } });

const tokenFields = {
  name: z.string(),
  may: z.array(z.enum(SCOPES)),
  prefix: z.string().nullable(),
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
  expiresAt: z.iso.datetime().nullable(),
};

export const tokenView = z.object(tokenFields).meta({ id: 'Token', description: 'a token, without the secret itself' });

export const tokenMade = z
  .object({
    ...tokenFields,
    token: z.string().nullable().meta({ description: 'told this once; null in a dry run' }),
    dryRun: z.boolean(),
  })
  .meta({ id: 'NewAccessToken' });

export const tokenRevoked = z
  .object({ name: z.string(), revokedAt: z.iso.datetime(), dryRun: z.boolean() })
  .meta({ id: 'RevokedToken' });

const cursor = z.string().nullable().meta({ description: 'where the next page begins; null at the end' });
const unreadable = z.array(z.object({ id: z.string(), reason: z.string() })).optional();

export const tokenPage = z.object({ items: z.array(tokenView), unreadable, cursor });
export const accessPageQuery = z.object({
  cursor: z.string().optional().meta({ description: 'the `cursor` of the page before' }),
});

export const auditQuery = accessPageQuery.extend({
  who: z.string().optional().meta({ description: 'only what this caller wrote', example: 'token ci' }),
  call: z.string().optional().meta({ description: 'only this call', example: 'putMachine' }),
  target: z.string().optional().meta({ description: 'only paths that begin with it', example: '/api/machines/vm-1' }),
});

const auditEntry = z
  .object({
    at: z.string(),
    who: z.string(),
    call: z.string(),
    target: z.string(),
    status: z.int(),
    requestId: z.string(),
    before: z.string().optional().meta({ description: 'the generation, or what an alias named, before the write' }),
    after: z.string().optional().meta({ description: 'the same after it' }),
  })
  .meta({ id: 'AuditEntry' });

export const auditPage = z.object({ items: z.array(auditEntry), cursor });

export const me = z
  .object({
    who: z.string(),
    may: z.union([z.literal('everything'), z.array(z.string())]).meta({ description: `of ${SCOPES.join(', ')}` }),
    prefix: z.string().nullable(),
  })
  .meta({ id: 'Caller', description: 'who makes this call, and what they may do' });
