/** The shapes of the call that shows the log of a mirror job. No I/O. */
import * as z from 'zod';
import { TRY_STATES } from '../store/job.ts';

const moment = z.iso.datetime();

/** The query of the log of a job. */
export const logQuery = z.object({
  file: z.string().optional().meta({ description: 'only the lines of this file', example: 'version.txt' }),
});

/** What was tried of the files of a release, the oldest first. */
export const jobLog = z.object({
  items: z.array(
    z.object({
      file: z.string(),
      attempt: z.int().meta({ description: 'the attempt of the job that it was part of' }),
      from: moment,
      until: moment.nullable().meta({ description: 'null: it goes on' }),
      state: z.enum([...TRY_STATES, 'copying']).meta({
        description: 'stopped: its run was killed, and could not say why',
      }),
      bytes: z.int().meta({ description: 'how many had been copied' }),
      reason: z.string().optional().meta({ description: 'why it failed, as a code' }),
      detail: z.string().optional().meta({ description: 'the same in words' }),
    }),
  ),
  unreadable: z
    .array(z.object({ id: z.string(), reason: z.string() }))
    .optional()
    .meta({ description: 'files whose records cannot be read, and why' }),
});

export type JobLog = z.output<typeof jobLog>;
