/** Finds the fleets that name a profile: what they take in would have no config without it. */
import { ok, type Result } from '../../shared/result.ts';
import type { MachinePorts } from '../issue.ts';
import { isRecordFault, type OperatorFault } from '../problems.ts';
import { openFleet, readFleet } from './fleets.ts';

const PAGE = 100;

/** Returns the names of the fleets that name the profile, in themselves or in a rule. One that cannot be read may. */
export async function fleetsNaming(
  ports: MachinePorts,
  profile: string,
): Promise<Result<readonly string[], OperatorFault>> {
  const found: string[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = await ports.store.list('fleet', { after: after === '' ? undefined : after, limit: PAGE });
    if (!page.ok) return page;
    for (const { name } of page.value.items) {
      const isNaming = await names(ports, name, profile);
      if (!isNaming.ok) return isNaming;
      if (isNaming.value) found.push(name);
    }
    after = page.value.cursor === undefined ? undefined : page.value.items.at(-1)?.name;
  }
  return ok(found);
}

async function names(ports: MachinePorts, name: string, profile: string): Promise<Result<boolean, OperatorFault>> {
  const fleet = await readFleet(ports, name);
  if (!fleet.ok && fleet.error.reason === 'unknown') return ok(false);
  const definition = fleet.ok ? await openFleet(ports.vault, fleet.value.value) : fleet;
  if (!definition.ok) return isRecordFault(definition.error) ? ok(true) : definition;
  const { profiles, rules } = definition.value;
  return ok([profiles, ...rules.map((rule) => rule.profiles ?? [])].some((all) => all.includes(profile)));
}
