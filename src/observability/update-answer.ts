/** The zod schema of the answer of `/api/updates`. The API document is made from it. No I/O. */
import * as z from 'zod';

export const updateList = z.object({
  items: z.array(
    z
      .object({
        channel: z.string(),
        board: z.string(),
        version: z
          .string()
          .meta({ description: 'what the machines run that told it; `other`: no release that is published here' }),
        counts: z.record(z.string(), z.int()).meta({
          description:
            'since this service counts: noupdate and offered are answers; downloading, downloaded, installed, complete and failed are what machines told',
        }),
      })
      .meta({ id: 'UpdateCounts' }),
  ),
  cursor: z.null().meta({ description: 'there is one page' }),
});
