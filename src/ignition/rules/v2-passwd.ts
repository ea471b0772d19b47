/** What must hold of users in spec 2: `create` and the fields that replaced it exclude each other. No I/O. */
import type { Findings } from '../report.ts';
import type { ConfigV2 } from '../spec/v2.ts';

const USER_FIELDS_SINCE = 1;
const TWICE_SAID = [
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

/** Adds what is wrong with the users of `config`. */
export function checkPasswdV2({ passwd }: ConfigV2, minor: number, report: Findings): void {
  if (minor < USER_FIELDS_SINCE) return;
  for (const [index, user] of (passwd?.users ?? []).entries()) {
    if (user.create === undefined) continue;
    const path = ['passwd', 'users', index];
    report.warn([...path, 'create'], 'the create object has been deprecated in favor of user-level options');
    for (const name of TWICE_SAID) {
      if (isSaid(user[name])) {
        report.error([...path, name], `cannot use both the create object and the user-level ${name} field`);
      }
    }
  }
}

const isSaid = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== '' && value !== false;
