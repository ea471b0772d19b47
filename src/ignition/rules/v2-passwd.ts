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
  if (minor < USER_FIELDS_SINCE) return;
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

const isSet = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== '' && value !== false;
