/** The gate before a pin: a pin that would break machines is refused, unless the operator insists. */
import type { Alias } from '../../releases/model.ts';
import { releaseProblem } from '../../releases/serve/problems.ts';
import type { Problem } from '../../shared/problem.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { holdText } from '../aliases/hold-for.ts';
import type { Publisher } from '../publish.ts';
import type { Release } from '../store/bucket.ts';

/** Returns nothing where the name may be pinned to the release; a 409 that says what would break; or one that asks for patience. */
export async function gatePin(
  publisher: Publisher,
  release: Release,
  alias: Alias,
): Promise<Result<undefined, Problem>> {
  const hold = await publisher.holdForPin(release, alias);
  if (!hold.ok) return err(releaseProblem(hold.error));
  if (hold.value === undefined) return ok(undefined);
  const detail = holdText(hold.value);
  if (hold.value.why === 'looking')
    return err({
      code: 'being-looked-at',
      detail: `${detail}; ask again in a minute, or overrule it with force=1`,
      headers: { 'retry-after': '60' },
    });
  const { files, broken, causes } = hold.value;
  const members = Object.fromEntries(
    Object.entries({ files, broken, causes }).filter(([, value]) => value !== undefined),
  );
  return err({ code: 'would-break', detail: `${detail}; nothing was changed; force=1 overrules it`, members });
}
