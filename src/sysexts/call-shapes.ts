/** The zod schemas of the calls about catalogues of system extensions. No I/O. */
import * as z from 'zod';

export const sysextParams = z.object({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be the name of a catalogue')
    .meta({ description: 'the catalogue, as SYSEXT_URLS names it', example: 'bakery' }),
});

export const sysextView = z
  .object({
    name: z.string(),
    url: z.string(),
    pattern: z.string(),
    fingerprint: z.string().meta({ description: 'the primary key that is trusted' }),
    isRunning: z.boolean(),
    fileCount: z.int(),
    bytes: z.int(),
    signedBy: z.string().nullable(),
    signedAt: z.string().nullable().meta({ description: 'when the list that is published was signed' }),
    publishedAt: z.string().nullable(),
    checkedAt: z.string().nullable().meta({ description: 'when a look last ended well' }),
    fault: z.string().nullable().meta({ description: 'why the last look did not' }),
    dryRun: z.boolean().optional(),
  })
  .meta({ id: 'SysextCatalogue' });

export const sysextList = z.object({ items: z.array(sysextView), cursor: z.null() });
