/** Machines that do not boot for the same cause, counted. No I/O. */
import * as z from 'zod';
import type { LayeredEntry } from '../ignition/compose.ts';

/** Machines that the same fault would keep from booting. */
export interface BrokenGroup {
  readonly cause: string;
  readonly count: number;
  readonly examples: readonly { readonly id: string; readonly entries: readonly LayeredEntry[] }[];
}

const entry = z.looseObject({
  layer: z.string(),
  severity: z.enum(['error', 'warning', 'info']),
  path: z.string(),
  message: z.string(),
});

/** Such groups in a stored record. */
export const storedGroups = z.array(
  z.object({
    cause: z.string(),
    count: z.int(),
    examples: z.array(z.object({ id: z.string(), entries: z.array(entry) })),
  }),
);

/** Machines in a stored record that could not be looked at, and why. */
export const storedUnreadable = z.array(z.object({ id: z.string(), reason: z.string() }));

const MOST_CAUSES = 50;
const MOST_EXAMPLES = 3;
const MOST_ENTRIES = 20;

/** Adds a machine to the group of its cause, which is its first error. */
export function addBreak(groups: Map<string, BrokenGroup>, id: string, entries: readonly LayeredEntry[]): void {
  const first = entries.find(({ severity }) => severity === 'error');
  // The same fault stands at other places in other configs.
  const cause =
    first === undefined ? 'not valid' : `${first.layer}: ${first.path.replaceAll(/\d+/g, '*')}: ${first.message}`;
  // So many causes are of as many configs; those that come later are counted together.
  const key = groups.has(cause) || groups.size < MOST_CAUSES ? cause : 'other causes';
  const group = groups.get(key) ?? { cause: key, count: 0, examples: [] };
  const example = { id, entries: entries.slice(0, MOST_ENTRIES) };
  const examples = group.examples.length < MOST_EXAMPLES ? [...group.examples, example] : group.examples;
  groups.set(key, { cause: key, count: group.count + 1, examples });
}
