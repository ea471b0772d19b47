/** The rule of spec 2 for users: `create` and the fields that replaced it exclude each other. No I/O. */
import type { Findings } from '../report.ts';
import type { ConfigV2 } from '../spec/v2.ts';

const USER_FIELDS_SINCE = 1;
/** The fields that both `create` and the user itself can have. */
const SHARED_FIELDS = [
  'gecos',
  'groups',
  'homeDir',
  'noCreateHome',
  'noLogInit',
  'noUserGroup',
  'primaryGroup',
  'shell',
  'system',
  'uid',
] as const;

/** Reports the errors and deprecations of the users of `config`, which was written as 2.`minor`. */
export function checkPasswdV2({ passwd }: ConfigV2, minor: number, report: Findings): void {
  if (minor < USER_FIELDS_SINCE) {
    checkUnsigned(passwd, report);
    return;
  }
  for (const [index, user] of (passwd?.users ?? []).entries()) {
    if (user.create === undefined) continue;
    const path = ['passwd', 'users', index];
    report.warn([...path, 'create'], 'the create object has been deprecated in favor of user-level options');
    for (const name of SHARED_FIELDS) {
      if (isSet(user[name])) {
        report.error([...path, name], `cannot use both the create object and the user-level ${name} field`);
      }
    }
  }
}

/** Before 2.1 the numbers of new users and groups cannot be negative: Ignition cannot even decode them. */
function checkUnsigned(passwd: ConfigV2['passwd'], report: Findings): void {
  for (const [index, { create }] of (passwd?.users ?? []).entries())
    if ((create?.uid ?? 0) < 0) report.error(['passwd', 'users', index, 'create', 'uid'], NEGATIVE);
  for (const [index, { gid }] of (passwd?.groups ?? []).entries())
    if ((gid ?? 0) < 0) report.error(['passwd', 'groups', index, 'gid'], NEGATIVE);
}

const NEGATIVE = 'must not be negative before spec 2.1';

const isSet = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== '' && value !== false;
