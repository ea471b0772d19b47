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
