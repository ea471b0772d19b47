/** What variables must be. No I/O. */

/** A name that a profile may declare. */
const VARIABLE_NAME = /^[a-z][a-z0-9_]{0,63}$/;
export const MOST_VARIABLES = 100;
/** Of the values of a machine or a profile together. */
export const MOST_VALUES_BYTES = 64 * 1024;

/** Returns why a name cannot be declared, or `undefined`. */
export function variableNameFault(name: string): string | undefined {
  if (name === 'cloud_config_url') return 'stands for the URL of the cloud-config already';
  return VARIABLE_NAME.test(name) ? undefined : 'must be 1 to 64 small letters, digits or "_", beginning with a letter';
}

/** Of the values of attributes together, and of labels, which stand in the metadata of an object. */
export const MOST_ATTRIBUTES_BYTES = 16 * 1024;
export const MOST_LABELS_BYTES = 512;
const LABEL_NAME = /^[a-z][a-z0-9_-]{0,62}$/;

/** Returns why an attribute cannot be, or `undefined`. Clients take a value as it stands, line ends included. */
export function attributeFault(name: string, value: string): string | undefined {
  if (!VARIABLE_NAME.test(name))
    return 'must have a name of 1 to 64 small letters, digits or "_", beginning with a letter';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return /[\0-\x1f\x7f]/.test(value) ? 'must be one line, without control characters' : undefined;
}

/** Returns why a label cannot be, or `undefined`. Object metadata is ASCII. */
export function labelFault(name: string, value: string): string | undefined {
  if (!LABEL_NAME.test(name))
    return 'must have a name of 1 to 63 small letters, digits, "_" or "-", beginning with a letter';
  return /^[ -~]{0,128}$/.test(value) ? undefined : 'must be at most 128 characters of printable ASCII';
}
