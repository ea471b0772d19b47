/**
 * How lists merge, declared beside the field: by a key, in a key space shared with sibling lists, or by appending.
 * Ignition's rules: config/merge of the reference, `Key()`, `MergedKeys()` and `IgnoreDuplicates()` of its types. No I/O.
 */
import * as z from 'zod';

export type ListRule =
  /** Parent's items, then the child's, nothing dropped. */
  | { readonly kind: 'append' }
  | {
      readonly kind: 'set';
      readonly key: (element: never) => string;
      /** Lists of one object that share a space hold a key once among them. */
      readonly space?: string;
      /** A child's element that takes the parent's away instead of merging with it. */
      readonly removes?: (element: never) => boolean;
    };

export const listRules = z.registry<ListRule>();

/** A list that only grows. */
export const appended = <T extends z.ZodType>(element: T) =>
  z.array(element).register(listRules, { kind: 'append' }).optional();

/** A list whose elements are told apart by `key`. */
export const keyed = <T extends z.ZodType>(
  element: T,
  key: (element: z.output<T>) => string,
  options: { readonly space?: string; readonly removes?: (element: z.output<T>) => boolean } = {},
) =>
  z
    .array(element)
    .register(listRules, { kind: 'set', key, ...options } as ListRule)
    .optional();

/** Plain texts that the reference writes even when they are empty: names, devices, paths. */
export const printedTexts = z.registry<{ readonly isPrinted: true }>();

/** A text that is written even when it is empty. */
export function printedText() {
  const text = z.string();
  printedTexts.add(text, { isPrinted: true });
  return text;
}

/** Objects that are pointers in the reference: `null` in their place is no surprise to it. */
export const pointers = z.registry<{ readonly isPointer: true }>();

/** An object that may be absent, and that the reference tells from an empty one. */
export const pointerTo = <T extends z.ZodObject>(object: T) => {
  pointers.add(object, { isPointer: true });
  return object.optional();
};

/** A list of strings that are their own keys. */
export const distinct = (space?: string) => keyed(z.string(), (text) => text, space === undefined ? {} : { space });
