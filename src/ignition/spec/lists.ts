/**
 * Declares beside each list field how the list merges: by appending, or by a key, which may be unique among several
 * lists (config/merge of Ignition, and `Key()`, `MergedKeys()` and `IgnoreDuplicates()` of its types). No I/O.
 */
import * as z from 'zod';

export type ListRule =
  /** The result has all items of the parent, then all items of the child. */
  | { readonly kind: 'append' }
  | {
      readonly kind: 'set';
      readonly key: (element: never) => string;
      /** Lists of one object with the same space may use a key only once among them. */
      readonly space?: string;
      /** True for an element of the child that removes the parent's element instead of merging with it. */
      readonly removes?: (element: never) => boolean;
    };

export const listRules = z.registry<ListRule>();

/** Returns the schema of a list that merges by appending. */
export const appended = <T extends z.ZodType>(element: T) =>
  z.array(element).register(listRules, { kind: 'append' }).optional();

/** Returns the schema of a list that merges by a key. */
export const keyed = <T extends z.ZodType>(
  element: T,
  key: (element: z.output<T>) => string,
  options: { readonly space?: string; readonly removes?: (element: z.output<T>) => boolean } = {},
) =>
  z
    .array(element)
    .register(listRules, { kind: 'set', key, ...options } as ListRule)
    .optional();

/** The plain texts that Ignition writes even when they are empty, such as names, devices and paths. */
export const printedTexts = z.registry<{ readonly isPrinted: true }>();

/** Returns the schema of a text that is written even when it is empty. */
export function printedText() {
  const text = z.string();
  printedTexts.add(text, { isPrinted: true });
  return text;
}

/** The objects that are pointers in Ignition's Go types. Ignition does not warn of `null` in their place. */
export const pointers = z.registry<{ readonly isPointer: true }>();

/** Returns the schema of an optional object that is a pointer in Go, where absent differs from empty. */
export const pointerTo = <T extends z.ZodObject>(object: T) => {
  pointers.add(object, { isPointer: true });
  return object.optional();
};

/** Returns the schema of a list of strings, each of which is its own key. */
export const distinct = (space?: string) => keyed(z.string(), (text) => text, space === undefined ? {} : { space });
