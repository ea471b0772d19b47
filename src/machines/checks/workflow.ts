/** Runs checks in the Cloudflare Workflow CHANGE_PROFILE, with retries and a timeout for each step. */
import type { Platform } from '../../shared/platform.ts';
import { instanceStarter, type StepConfig, type WorkflowInstances, type WorkflowSteps } from '../../shared/workflow.ts';
import { type CheckLauncher, type CheckPorts, runCheck, type StepOutcome } from './run-check.ts';

/** The parameters of a Workflow instance. */
export interface CheckParameters {
  readonly profile: string;
  readonly id: string;
  readonly run: number;
}

const CONFIG: StepConfig = {
  retries: { limit: 5, delay: 2_000, backoff: 'exponential' },
  timeout: 10 * 60_000,
};

/** Runs an instance: each step of `runCheck` becomes a step of the Workflow. */
export async function runCheckAsWorkflow(
  ports: CheckPorts,
  parameters: CheckParameters,
  steps: WorkflowSteps,
): Promise<string> {
  return await runCheck(ports, parameters, (name, work) => steps.do<StepOutcome>(name, CONFIG, work));
}

/** Returns a launcher that creates instances of the Workflow. */
export function checkLauncher(workflow: WorkflowInstances<CheckParameters>, platform: Platform): CheckLauncher {
  const start = instanceStarter(workflow, platform);
  // The id of a check is random, and an instance id has room for 100 characters, which a profile's name may fill.
  return { launch: ({ profile, id, run }) => start(`check-${id}-${run}`, { profile, id, run }) };
}
