/**
 * What clouds' own clients ask below `/boot/{capability}/metadata/`, through a link-local proxy that adds this prefix. User data is
 * the machine's Ignition config, so Ignition's providers boot without a change of the image. No I/O.
 */

/** `token`: EC2's clients want one before they ask anything (IMDSv2). Any text is good, for the capability is what counts. */
export type MetadataWanted = 'user-data' | 'token' | 'tree';

/** Sources: internal/providers/{aws,openstack,digitalocean} of coreos/ignition. */
const USER_DATA = [
  /^ec2\/(?:latest|\d{4}-\d{2}-\d{2})\/user-data$/,
  /^openstack\/(?:latest|\d{4}-\d{2}-\d{2})\/user_data$/,
  /^openstack\/openstack\/(?:latest|\d{4}-\d{2}-\d{2})\/user_data$/,
  /^digitalocean\/metadata\/v1\/user-data$/,
];

/** What these clouds' clients ask besides: what a machine says of itself, or, where it says nothing, what is proven to be unset. */
const TREES = [
  /^env$/,
  /^(?:ec2|openstack)\/(?:(?:latest|\d{4}-\d{2}-\d{2})\/?)?$/,
  /^(?:ec2|openstack)\/(?:latest|\d{4}-\d{2}-\d{2})\/(?:meta-data|dynamic)(?:\/[a-z0-9._/-]{0,255})?$/,
  /^openstack\/openstack\/?$/,
  /^openstack\/(?:openstack\/)?(?:latest|\d{4}-\d{2}-\d{2})\/(?:meta_data|vendor_data2?|network_data)\.json$/,
  /^digitalocean\/metadata\/v1(?:\.json|\/[a-z][a-z0-9_/-]{0,255})$/,
];

/**
 * Returns what a path below `metadata/` is about: `tree` for what a machine may say; `undefined` for every other path, by which
 * nothing is proven: one of another cloud, or one in another spelling.
 */
export function metadataWanted(path: string, method: string): MetadataWanted | undefined {
  if (/^(?:ec2|openstack)\/latest\/api\/token$/.test(path) && method === 'PUT') return 'token';
  if (USER_DATA.some((known) => known.test(path))) return 'user-data';
  const isPlain = !/user.?data/i.test(path) && !path.includes('//') && !path.includes('..');
  return isPlain && TREES.some((known) => known.test(path)) ? 'tree' : undefined;
}

/**
 * True for a path by which some cloud's client asks for user data, below any prefix. A proxy that has lost its prefix asks so, and its
 * client would take 404 for "there is no config". The version of the service comes before the name (internal/providers of Ignition).
 */
export const asksUserData = (path: string): boolean => /\/(?:latest|v\d|\d[\d.-]{1,9})\/user[-_]?data$/.test(path);
