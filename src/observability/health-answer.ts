/** The zod schema of the answer of `/healthz`. It types the check, and the API document is made from it. No I/O. */
import * as z from 'zod';

export const health = z
  .object({
    status: z.enum(['ok', 'degraded', 'failing']).meta({
      description: '`degraded`: all stores answer, but something is to be done; `failing`: a store does not answer',
    }),
    todo: z
      .array(z.string())
      .optional()
      .meta({ description: 'what is wrong, and what to do about it; as all below, for callers who may read' }),
    versions: z.record(z.string(), z.string()).optional(),
    bindings: z.record(z.string(), z.enum(['ok', 'failing'])).optional(),
    refused: z
      .array(z.object({ path: z.string(), reason: z.string(), since: z.string() }))
      .optional()
      .meta({ description: 'files of upstream whose signatures did not hold; they are tried again by themselves' }),
    signingKey: z
      .object({
        fingerprint: z.string().optional(),
        expires: z.string().nullish(),
        daysLeft: z.int().nullish(),
        warning: z.string().optional(),
      })
      .optional(),
    storage: z
      .object({
        key: z.enum(['STORAGE_KEY', 'CAPABILITY_SECRET']).nullable(),
        records: z
          .record(z.string(), z.int())
          .optional()
          .meta({ description: 'machines and profiles by the id of their key' }),
        isPartial: z.boolean().optional().meta({ description: 'there are more' }),
        warning: z.string().optional(),
      })
      .optional(),
  })
  .meta({ id: 'Health' });

export type Health = z.output<typeof health>;
