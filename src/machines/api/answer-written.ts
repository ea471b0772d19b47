/** Answers a write of a machine, whichever call it was. */
import { answerJson } from '../../shared/http/api.ts';
import type { Call } from '../../shared/http/call.ts';
import { entityTag } from '../../shared/http/precondition.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Result } from '../../shared/result.ts';
import { userDataTag, userText } from '../amend.ts';
import { issue } from '../issue.ts';
import type { Written } from '../machines.ts';
import type { OperatorFault } from '../problems.ts';
import type { issued as issuedAnswer } from './call-answers.ts';
import { type MachineRoom, originOf, refuse } from './room.ts';

/**
 * Returns the refusal where one of these profiles, or the fleet, is none of the caller's. Whoever names a profile reads it: its base is
 * a part of what the machine boots.
 */
export function foreignProfile(
  call: Call,
  names: readonly string[] | undefined,
  what = 'profile',
): Problem | undefined {
  const { who, prefix } = call.var.caller;
  const foreign = prefix === undefined ? undefined : names?.find((name) => !name.startsWith(prefix));
  if (foreign === undefined) return undefined;
  return {
    code: 'forbidden',
    detail: `${who} has only what begins with ${prefix}, and may not use ${what} ${foreign}`,
  };
}

/** What a write says beside the machine itself. */
interface Said {
  readonly entries?: readonly {
    readonly severity: 'error' | 'warning' | 'info';
    readonly path: string;
    readonly message: string;
  }[];
  readonly warnings?: readonly string[];
}

/** Answers a write with the machine's URLs. The entity tag is that of the user data where the call is about it. */
export async function answerWritten(
  room: MachineRoom,
  call: Call,
  stored: Result<Written, OperatorFault>,
  { entries = [], warnings = [] }: Said = {},
): Promise<Response> {
  if (!stored.ok) return refuse(call, stored.error);
  const { machine, etag, replaced, before, isWritten } = stored.value;
  const issued = await issue(room, machine, originOf(room, call), room.bootUrl || originOf(room, call));
  if (!issued.ok) return refuse(call, issued.error);
  call.set('change', { before: String(before), after: String(machine.generation) });
  const userEntries = entries.map((entry) => ({ ...entry, layer: 'user' as const }));
  const { urls, pointer, ...told } = issued.value;
  // The URLs of a dry run open nothing.
  const secrets = room.isDry ? { urls: null, pointer: null } : { urls, pointer };
  const answer = {
    ...{ ...told, ...secrets },
    entries: [...userEntries, ...issued.value.entries],
    warnings: [...warnings],
    isChanged: isWritten,
    dryRun: room.isDry,
    ...(replaced === undefined ? {} : { replaced }),
  };
  const isUserData = call.req.path.endsWith('/user-data');
  const text = isUserData ? await userText(room, machine) : undefined;
  const tag = text?.ok && text.value !== undefined ? userDataTag(text.value) : entityTag(etag);
  return answerJson<typeof issuedAnswer>(
    answer,
    200,
    // A dry run stores nothing that could have a tag.
    room.isDry || (isUserData && text?.ok && text.value === undefined) ? {} : { etag: tag },
  );
}
