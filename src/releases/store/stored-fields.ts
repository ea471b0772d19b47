/** The schemas of fields that several stored records of releases share. No I/O. */
import * as z from 'zod';
import { type Alias, isAlias, isVersion, type Version } from '../model.ts';

/** MAJOR.CHANNEL.PATCH. */
export const versionField = z.custom<Version>(
  (value) => typeof value === 'string' && isVersion(value),
  'must be MAJOR.CHANNEL.PATCH',
);

/** `current` or `current-YYYY`. */
export const aliasField = z.custom<Alias>(
  (value) => typeof value === 'string' && isAlias(value),
  'must be current or current-YYYY',
);

/** ISO 8601 with a time, in UTC. */
export const momentField = z.iso.datetime();
