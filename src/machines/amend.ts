/** Changes one half of a machine and leaves the other: its user data, or everything else. */
import type { Written as WrittenText } from '../configs/formats.ts';
import { sha512Hex } from '../shared/bytes.ts';
import type { Stored } from '../shared/document.ts';
import { entityTag, type Precondition } from '../shared/http/precondition.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { MachinePorts } from './issue.ts';
import { openUserData } from './layers/layers.ts';
import { type NewMachine, onRecord, readMachine, type Written, writeMachine } from './machines.ts';
import { openSource } from './next-record.ts';
import type { OperatorFault } from './problems.ts';
import type { Machine } from './records/model.ts';
import { type MachineSettings, settingsOf } from './settings.ts';

/** What a patch may change. `undefined` leaves a part as it is. */
export type MachinePatch = {
  readonly [Field in keyof MachineSettings]?: MachineSettings[Field] | undefined;
} & {
  /** Seconds from now; `null` for URLs that never expire. Either makes new URLs. */
  readonly expiresIn?: number | null | undefined;
};

/** The user data of a machine as it was written: the text that boots, or the one that it was made from. */
export interface UserText {
  readonly text: string;
  readonly bytes: number;
  readonly sha512: string;
}

const ATTEMPTS = 5;
const RACED = 'raced';

/** Changes everything of a machine but its user data and its capability. */
export async function patchMachine(
  ports: MachinePorts,
  id: string,
  patch: (settings: MachineSettings) => Result<MachinePatch, OperatorFault>,
  holds: Precondition,
): Promise<Result<Written, OperatorFault>> {
  return await amended(
    ports,
    id,
    async (stored) => onRecord(holds)(stored),
    async (machine) => {
      const same = await asItIs(ports, machine);
      if (!same.ok) return same;
      const wish = patch(same.value);
      if (!wish.ok) return wish;
      const given = Object.fromEntries(Object.entries(wish.value).filter(([, value]) => value !== undefined));
      return ok({ ...same.value, ...given });
    },
  );
}

/** Changes the user data of a machine alone. The precondition is on the entity tag of the user data. */
export async function putUserData(
  ports: MachinePorts,
  id: string,
  written: Omit<WrittenText, 'entries'>,
  holds: Precondition,
): Promise<Result<Written, OperatorFault>> {
  const demands = async (stored: Stored<Machine>) => {
    const text = await userText(ports, stored.value);
    return holds(text.ok && text.value !== undefined ? userDataTag(text.value) : undefined);
  };
  return await amended(ports, id, demands, async (machine) => {
    const settings = await settingsOf(ports.vault, machine);
    return settings.ok ? ok({ ...settings.value, ...written, expiresIn: undefined }) : settings;
  });
}

/** Returns the user data as it was written; `undefined` where there is none. */
export async function userText(
  { vault }: MachinePorts,
  machine: Machine,
): Promise<Result<UserText | undefined, OperatorFault>> {
  const source = await openSource(vault, machine);
  if (!source.ok) return source;
  const text = source.value === undefined ? await openUserData(vault, machine) : source;
  if (!text.ok || text.value === undefined) return text.ok ? ok(undefined) : text;
  const bytes = new Uint8Array(new TextEncoder().encode(text.value));
  return ok({ text: text.value, bytes: bytes.length, sha512: await sha512Hex(bytes) });
}

/** Returns the entity tag of user data. */
export const userDataTag = ({ sha512 }: UserText): string => entityTag(sha512.slice(0, 32));

/** Reads, changes and writes a machine until nobody else has written it in between. */
async function amended(
  ports: MachinePorts,
  id: string,
  demands: (stored: Stored<Machine>) => Promise<string | undefined>,
  next: (machine: Machine) => Promise<Result<NewMachine, OperatorFault>>,
): Promise<Result<Written, OperatorFault>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const stored = await readMachine(ports, id);
    if (!stored.ok) return stored;
    const is = await demands(stored.value);
    if (is !== undefined) return err({ reason: 'precondition', is });
    const wanted = await next(stored.value.value);
    if (!wanted.ok) return wanted;
    const isSame = async (current: Stored<unknown> | undefined) =>
      current?.etag === stored.value.etag ? undefined : RACED;
    const written = await writeMachine(ports, id, wanted.value, isSame);
    const hasRaced = !written.ok && written.error.reason === 'precondition' && written.error.is === RACED;
    if (!hasRaced) return written;
  }
  return err({ reason: 'conflict' });
}

/** Returns what a PUT of the machine as it is would take. */
async function asItIs({ vault }: MachinePorts, machine: Machine): Promise<Result<NewMachine, OperatorFault>> {
  const { kind, source } = machine;
  const settings = await settingsOf(vault, machine);
  if (!settings.ok) return settings;
  const text = await openUserData(vault, machine);
  if (!text.ok) return text;
  const sourceText = await openSource(vault, machine);
  if (!sourceText.ok) return sourceText;
  return ok({
    ...{ ...settings.value, kind, source },
    ...{ text: text.value ?? '', sourceText: sourceText.value, expiresIn: undefined },
  });
}
