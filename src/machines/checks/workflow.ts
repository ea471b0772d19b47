/** Runs checks in the Cloudflare Workflow CHANGE_PROFILE, with retries and a timeout for each step. */
import type { Platform } from '../../shared/platform.ts';
import { storeCaller } from '../../shared/store.ts';
import { type CheckLauncher, type CheckPorts, runCheck, type StepOutcome } from './run-check.ts';

/** The parameters of a Workflow instance. */
export interface CheckParameters {
  readonly profile: string;
  readonly id: string;
  readonly run: number;
}

interface WorkflowSteps {
  do<T>(name: string, config: StepConfig, work: () => Promise<T>): Promise<T>;
}

interface StepConfig {
  readonly retries: { readonly limit: number; readonly delay: number; readonly backoff: 'exponential' };
  readonly timeout: number;
}

interface WorkflowInstances {
  create(options: { id: string; params: CheckParameters }): Promise<unknown>;
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
export function checkLauncher(workflow: WorkflowInstances, platform: Platform): CheckLauncher {
  const reach = storeCaller(platform, 20_000);
  return {
    launch: ({ profile, id, run }) =>
      reach('create workflow', async () => {
        // The id of a check is random, and an instance id has room for 100 characters, which a profile's name may fill.
        await workflow.create({ id: `check-${id}-${run}`, params: { profile, id, run } });
        return undefined;
      }),
  };
}
