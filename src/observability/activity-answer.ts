/** The zod schema of the answer of `/api/activity`. The API document is made from it. No I/O. */
import * as z from 'zod';

const count = (description: string) => z.int().meta({ description });

export const activityList = z.object({
  items: z
    .array(
      z
        .object({
          from: z.iso.datetime(),
          to: z.iso.datetime(),
          boots: count('configs that machines were given'),
          failedBoots: count('requests of machines for a config that got none'),
          downloads: count('answers below the folders of releases: files, parts of files, listings'),
          bytes: count('bytes of those answers'),
          refusedFiles: count('files refused because they could not be trusted'),
          updates: count('what machines asked and told of updates'),
        })
        .meta({ id: 'Activity' }),
    )
    .meta({ description: 'by hour, oldest first, for two weeks; the last one goes on' }),
  cursor: z.null().meta({ description: 'there is one page' }),
});
