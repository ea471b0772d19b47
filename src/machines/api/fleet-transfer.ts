/** Fleets as lines of an export, before the machines: a machine of a fleet is stored only where its fleet is. */
import * as z from 'zod';
import { err, ok, type Result } from '../../shared/result.ts';
import { randomText } from '../boot/capability.ts';
import { openFleet, putFleet, readFleet } from '../fleets/fleets.ts';
import type { MachinePorts } from '../issue.ts';
import { isRecordFault, type OperatorFault } from '../problems.ts';
import { definitionOf } from './fleet-definition.ts';
import { fleetBody, fleetParams } from './fleet-requests.ts';
import { type Offered, readShape } from './machine-request.ts';
import { SECRET } from './transfer-line.ts';

/** The values that its URL is made of, and what it says under the rules of a PUT. */
const fleetLine = z.strictObject({
  kind: z.literal('fleet'),
  name: fleetParams.shape.name,
  epoch: SECRET,
  nonce: SECRET,
  createdAt: z.string({ error: 'must be a date, as 2026-01-01T00:00:00.000Z' }),
  says: fleetBody,
});

/** True for a line that is about a fleet. */
export const isFleetLine = (json: object): boolean => 'kind' in json && json.kind === 'fleet';

const PAGE = 100;

/** Returns a line for each fleet. One that cannot be read is left out, and counted. */
export async function exportFleets(
  ports: MachinePorts,
): Promise<Result<{ readonly text: string; readonly unreadable: number }, OperatorFault>> {
  let text = '';
  let unreadable = 0;
  let after: string | undefined;
  do {
    const page = await ports.store.list('fleet', { after, limit: PAGE });
    if (!page.ok) return page;
    for (const { name } of page.value.items) {
      const line = await lineOf(ports, name);
      if (line.ok) text += line.value;
      else if (isRecordFault(line.error)) unreadable += 1;
      else return line;
    }
    after = page.value.cursor === undefined ? undefined : page.value.items.at(-1)?.name;
  } while (after !== undefined);
  return ok({ text, unreadable });
}

async function lineOf(ports: MachinePorts, name: string): Promise<Result<string, OperatorFault>> {
  const stored = await readFleet(ports, name);
  if (!stored.ok) return stored.error.reason === 'unknown' ? ok('') : stored;
  const { epoch, nonce, createdAt } = stored.value.value;
  const says = await openFleet(ports.vault, stored.value.value);
  return says.ok ? ok(`${JSON.stringify({ kind: 'fleet', name, epoch, nonce, createdAt, says: says.value })}\n`) : says;
}

/** Stores a fleet with its URL, or with a new one. */
export async function importFleet(
  ports: MachinePorts & { readonly offered: Offered },
  json: unknown,
  freshEpochs: boolean,
): Promise<Result<undefined, OperatorFault>> {
  const read = readShape(fleetLine, json, 'a line');
  if (!read.ok) return read;
  const { name, epoch, nonce, createdAt, says } = read.value;
  const definition = definitionOf(says, ports.offered);
  if (!definition.ok) return definition;
  const url = freshEpochs ? { epoch: randomText(), nonce: randomText() } : { epoch, nonce };
  const stored = await putFleet(ports, name, definition.value, async () => undefined, { ...url, createdAt });
  return stored.ok ? ok(undefined) : err(stored.error);
}
