/** The zod schema of the answer of `/healthz`. It types the check, and the API document is made from it. No I/O. */
import * as z from 'zod';

export const health = z
  .object({
    /** `degraded`: everything answers, but files of upstream were found bad. */
    status: z.enum(['ok', 'degraded', 'failing']),
    versions: z.record(z.string(), z.string()),
    bindings: z.record(z.string(), z.enum(['ok', 'failing'])),
    /** Files of upstream whose signatures did not hold; they are tried again by themselves. */
    refused: z.array(z.object({ path: z.string(), reason: z.string(), since: z.string() })),
    signingKey: z.object({
      fingerprint: z.string().optional(),
      expires: z.string().nullish(),
      daysLeft: z.int().nullish(),
      warning: z.string().optional(),
    }),
    storage: z.object({
      key: z.enum(['STORAGE_KEY', 'CAPABILITY_SECRET']).nullable(),
      records: z
        .record(z.string(), z.int())
        .optional()
        .meta({ description: 'machines and profiles by the id of their key; with the operator token only' }),
      isPartial: z.boolean().optional().meta({ description: 'there are more; with the operator token only' }),
      warning: z.string().optional(),
    }),
  })
  .meta({ id: 'Health' });

export type Health = z.output<typeof health>;
