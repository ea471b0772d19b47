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

/** Returns what a path below `metadata/` is about; `undefined` for what is not there. */
export function metadataWanted(path: string, method: string): MetadataWanted | undefined {
  if (method === 'PUT') return path === 'ec2/latest/api/token' ? 'token' : undefined;
  return USER_DATA.some((known) => known.test(path)) ? 'user-data' : undefined;
}
