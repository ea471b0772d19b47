/**
 * The zod schemas of what the calls about configs take. The routes check requests with them, and the API document is
 * made from them. No I/O.
 */
import * as z from 'zod';
import { readerNamed } from '../ignition/reader.ts';

/** A switch: 0 and false are off, 1 and true are on. */
export const onOff = z
  .union([z.enum(['0', '1', 'false', 'true']), z.boolean()], { error: 'must be 1 or 0' })
  .transform((value) => value === '1' || value === 'true' || value === true);

/** The same in a JSON body. */
export const yesNo = z.boolean({ error: 'must be true or false' });

/** The rules by which the layers of a config are merged. */
export const engine = z.enum(['ignition', 'legacy'], { error: 'must be ignition or legacy' }).meta({
  description: '`ignition`: Flatcar since 2022; `legacy`: Ignition 0.36, spec 2 appended',
});

/** A number of a release; whether there is such a release is not asked. */
const RELEASE = /^\d{1,6}\.\d{1,4}\.\d{1,4}$/;

const FORMATS = ['butane', 'ct', 'ignition'] as const;

const VARIANTS = ['flatcar', 'fcos'] as const;
const variant = z
  .enum(VARIANTS, { error: `must be one of ${VARIANTS.join(', ')}` })
  .meta({ description: 'the variant of Butane, where the body names none' });

/** What a query may say about the format of a body. */
export const formatQuery = z.object({
  format: z
    .enum(FORMATS, { error: `must be one of ${FORMATS.join(', ')}` })
    .optional()
    .meta({ description: 'what the body is written in, where it does not say so itself' }),
  variant: variant.optional(),
  platform: z.string().optional().meta({ description: "for ct's dynamic data", example: 'ec2' }),
  lenient: onOff.optional().meta({ description: 'unknown keys of YAML are passed over' }),
});

export const validateQuery = z.object({
  engine: engine.optional(),
  release: z
    .string()
    .refine((text) => RELEASE.test(text), 'must be a release, such as 4593.2.5')
    .optional()
    .meta({ description: 'the release whose Ignition reads the config', example: '4593.2.5' }),
  ignition: z
    .string()
    .refine((text) => readerNamed(text).ok, 'must be a version of Ignition, such as 2.24.0')
    .optional()
    .meta({
      description: 'the version of Ignition that reads the config; it comes before `release`',
      example: '2.24.0',
    }),
});
export const transpileQuery = z.object({
  from: z.enum(['butane', 'ct'], { error: 'must be butane or ct' }),
  variant: variant.optional(),
  platform: z.string().optional(),
  strict: onOff.optional().meta({ description: '1: any warning is an error' }),
});
export const schemaParams = z.object({ version: z.string().meta({ example: '3.4.0' }) });

export const mergeBody = z
  .strictObject({
    parent: z
      .union([z.string(), z.record(z.string(), z.unknown())])
      .meta({ description: 'a config, or the text of one' }),
    child: z.union([z.string(), z.record(z.string(), z.unknown())]),
    engine: engine.optional(),
  })
  .meta({
    id: 'Merge',
    example: { parent: { ignition: { version: '3.4.0' } }, child: '{"ignition":{"version":"3.3.0"}}' },
  });
