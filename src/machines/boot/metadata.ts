/**
 * What clouds' own clients ask below `/boot/{capability}/metadata/`, through a link-local proxy that adds this prefix. User data is
 * the machine's Ignition config, so Ignition's providers boot without a change of the image. No I/O.
 */

/** `token`: EC2's clients want one before they ask anything (IMDSv2). Any text is good, for the capability is what counts. */
export type MetadataWanted = 'user-data' | 'token';

/** Sources: internal/providers/{aws,openstack,digitalocean} of coreos/ignition. */
const USER_DATA = [
  /^ec2\/(?:latest|\d{4}-\d{2}-\d{2})\/user-data$/,
  /^openstack\/(?:latest|\d{4}-\d{2}-\d{2})\/user_data$/,
  /^openstack\/openstack\/(?:latest|\d{4}-\d{2}-\d{2})\/user_data$/,
  /^digitalocean\/metadata\/v1\/user-data$/,
];

/** Besides user data, all that a cloud's client asks below these is known to be unset. */
const CLOUDS = /^(?:ec2|openstack|digitalocean)\//;

/**
 * Returns what a path below `metadata/` is about: `unset` for what is known not to be there; `undefined` for what is no path of these
 * clouds, or asks for user data by a name that is not known, so that nothing is proven by it.
 */
export function metadataWanted(path: string, method: string): MetadataWanted | 'unset' | undefined {
  if (path === 'ec2/latest/api/token' && method === 'PUT') return 'token';
  if (USER_DATA.some((known) => known.test(path))) return 'user-data';
  return CLOUDS.test(path) && !/user.?data/i.test(path) ? 'unset' : undefined;
}
