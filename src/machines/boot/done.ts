/** The call-back of a machine that has booted to its end: `POST /boot/{capability}/done`. */

import { within } from '../../shared/platform.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { Machine } from '../records/model.ts';
import { ANSWER_WITHIN_MS, type BootFault, type BootPorts, provenFor } from './boot.ts';
import { noteDone } from './once.ts';

export interface Done {
  readonly machine: Machine;
  /** False for a call-back that was told before. */
  readonly isFirst: boolean;
}

/** Notes that the machine is done, which ends a boot that was for once. It may be told again. */
export async function answerDone(ports: BootPorts, text: string): Promise<Result<Done, BootFault>> {
  if (ports.capabilities.secrets.length === 0) return err({ reason: 'no-secret' });
  const capability = await ports.capabilities.read(text);
  if (capability === undefined) return err({ reason: 'forged' });
  const { machine, expiry } = capability;
  if (expiry !== 0 && ports.platform.now() >= expiry * 1000) return err({ reason: 'expired', machine });
  const answer = await within(ports.platform, ANSWER_WITHIN_MS, noteProven(ports, capability));
  if (answer === undefined) return err({ reason: 'too-slow', machine });
  return answer.ok ? answer : err({ machine, ...answer.error });
}

async function noteProven(
  ports: BootPorts,
  capability: Parameters<typeof provenFor>[1],
): Promise<Result<Done, BootFault>> {
  const proven = await provenFor(ports, capability);
  if (!proven.ok) return proven;
  const noted = await noteDone(ports, proven.value.value);
  return noted.ok ? ok({ machine: proven.value.value, isFirst: noted.value }) : noted;
}
