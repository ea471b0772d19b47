/** Checks at the write of a fleet that what it says makes valid configs, for the machines that it takes in by itself. */
import { err, ok, type Result } from '../../shared/result.ts';
import { type MachinePorts, profilesNamed } from '../issue.ts';
import { openProfiles } from '../layers/layers.ts';
import { readerFor } from '../layers/machine-reader.ts';
import { renderBeside } from '../layers/render.ts';
import { MOST_VALUES_BYTES, MOST_VARIABLES } from '../layers/variable-rules.ts';
import { SAMPLE_URLS } from '../layers/variables.ts';
import { badField, firstError, type OperatorFault } from '../problems.ts';
import type { FleetDefinition } from '../records/fleet-model.ts';

/** Rules differ mostly in small things. Of more different ones than this, the first are checked, and the rest at the first boot. */
const MOST_CHECKED = 20;

type ShippedOf = (place: Pick<FleetDefinition, 'channel' | 'board' | 'version'>) => string | undefined;

/** What a machine gets, and the place in the request that says it. */
interface Wish {
  readonly field: string;
  readonly settings: Pick<FleetDefinition, 'profiles' | 'vars' | 'channel' | 'board' | 'version'>;
  /** False where an operator says the rest before there is a machine. */
  readonly isWhole: boolean;
}

/** Returns nothing, or the fault that names the rule. `shippedOf` may say which Ignition a place has instead of the one that it has now. */
export async function checkFleet(
  ports: MachinePorts,
  definition: FleetDefinition,
  shippedOf: ShippedOf = () => undefined,
): Promise<Result<undefined, OperatorFault>> {
  const seen = new Set<string>();
  for (const wish of wishesOf(definition)) {
    const { profiles, vars, channel, board, version } = wish.settings;
    if (Object.keys(vars).length > MOST_VARIABLES || JSON.stringify(vars).length > MOST_VALUES_BYTES)
      return err(badField(`${wish.field}vars`, `are too many: a machine has at most ${MOST_VARIABLES}`));
    const known = JSON.stringify([profiles, vars, channel, board, version, wish.isWhole]);
    if (seen.has(known) || seen.size >= MOST_CHECKED) continue;
    seen.add(known);
    const checked = await checkWish(ports, wish, shippedOf);
    if (!checked.ok) return checked;
  }
  return ok(undefined);
}

function wishesOf(definition: FleetDefinition): Wish[] {
  const { profiles, vars, channel, board, version, rules } = definition;
  const fleet = { field: '', settings: { profiles, vars, channel, board, version } };
  const each = rules.map((rule, at) => ({
    field: `rules.${at}.`,
    settings: {
      profiles: rule.profiles ?? profiles,
      vars: { ...vars, ...rule.vars },
      ...{ channel: rule.channel ?? channel, board: rule.board ?? board, version: rule.version ?? version },
    },
    isWhole: true,
  }));
  return [{ ...fleet, isWhole: definition.unknown === 'enrol' }, ...each];
}

/** Returns a fault of a profile's name at the place that names it. */
const atField = (fault: OperatorFault & { reason: 'bad-value' }, field: string): OperatorFault =>
  badField(field, fault.shape.errors[0].message);

async function checkWish(
  ports: MachinePorts,
  { field, settings, isWhole }: Wish,
  shippedOf: ShippedOf,
): Promise<Result<undefined, OperatorFault>> {
  const records = await profilesNamed(ports, settings.profiles);
  if (!records.ok)
    return records.error.reason === 'bad-value' ? err(atField(records.error, `${field}profiles`)) : records;
  const profiles = await openProfiles(ports.vault, records.value);
  if (!profiles.ok) return profiles;
  const named = shippedOf(settings);
  const shipped = named === undefined ? await ports.ignitionOf(settings) : ok(named);
  if (!shipped.ok)
    return shipped.error.reason === 'bad-value' ? err(atField(shipped.error, `${field}version`)) : shipped;
  const reader = readerFor({ ...settings, ignition: null, shipped: shipped.value }, records.value);
  const machine = isWhole
    ? { id: 'machine', hostname: null, sshAuthorizedKeys: [], attributes: {}, vars: settings.vars }
    : undefined;
  const layers = { profiles: profiles.value, machine, user: undefined, reader };
  const rendered = await renderBeside(ports.platform, layers, SAMPLE_URLS);
  if (rendered.ok) return ok(undefined);
  const { entries, samplesAt } = rendered.error;
  const real = entries.filter(
    ({ severity, layer, path }) => severity === 'error' && !samplesAt.has(`${layer} ${path}`),
  );
  return real.length === 0
    ? ok(undefined)
    : err(
        badField(
          `${field}profiles`,
          `make no valid config for a machine that is taken in, which has no host name: ${firstError(real)}`,
        ),
      );
}
