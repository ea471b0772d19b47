/** What a caller may do, in the words of tokens and of Access groups. No I/O. */
import { err, ok, type Result } from '../shared/result.ts';

/**
 * `read` sees everything but secrets; `secrets` sees user data and exports; each of the others writes what it names.
 * Tokens themselves are made only by whoever may do everything: a token cannot make a mightier one.
 */
export const SCOPES = ['read', 'mirror', 'release', 'machines', 'profiles', 'secrets'] as const;

export type Scope = (typeof SCOPES)[number];

export interface Caller {
  /** As the audit trail names it: `operator`, `token NAME`, or the e-mail address of a person. */
  readonly who: string;
  readonly may: ReadonlySet<Scope> | 'everything';
  /** Machines and profiles whose names begin otherwise are none of this caller's. */
  readonly prefix?: string | undefined;
}

/** The holder of OPERATOR_TOKEN. */
export const OPERATOR: Caller = { who: 'operator', may: 'everything' };

/** Returns true when one of the words that a call needs is among the caller's. Without such a word only `everything` may. */
export const mayCall = ({ may }: Caller, needs: readonly Scope[]): boolean =>
  may === 'everything' || needs.some((scope) => may.has(scope));

const isScope = (word: string): word is Scope => (SCOPES as readonly string[]).includes(word);

/**
 * Parses ACCESS_GROUPS: `group=word+word`, by comma. A group may be an e-mail address, which stands for one person; a word is
 * one of `SCOPES`, or `everything`. The error is a text.
 */
export function parseGroups(text: string): Result<Map<string, readonly Scope[] | 'everything'>, string> {
  const groups = new Map<string, readonly Scope[] | 'everything'>();
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const equals = entry.lastIndexOf('=');
    const name = entry.slice(0, Math.max(equals, 0)).trim();
    const words = entry
      .slice(equals + 1)
      .split('+')
      .map((word) => word.trim());
    if (name === '') return err(`${entry} must be GROUP=WORD+WORD`);
    if (words.length === 1 && words[0] === 'everything') groups.set(name, 'everything');
    else if (words.every(isScope)) groups.set(name, words);
    else return err(`${entry}: each word must be one of ${SCOPES.join(', ')}, or everything alone`);
  }
  return ok(groups);
}
