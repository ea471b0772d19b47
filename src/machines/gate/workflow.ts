/** Runs looks in the Cloudflare Workflow LOOK_AT_RELEASE, with retries and a timeout for each step. */
import type { Platform } from '../../shared/platform.ts';
import { instanceStarter, type StepConfig, type WorkflowInstances, type WorkflowSteps } from '../../shared/workflow.ts';
import type { Release } from './bucket.ts';
import { type GatePorts, type LookLauncher, type LookStep, runLook } from './gate.ts';

/** The parameters of a Workflow instance. */
export interface LookParameters extends Release {
  readonly run: number;
}

const CONFIG: StepConfig = { retries: { limit: 5, delay: 2_000, backoff: 'exponential' }, timeout: 10 * 60_000 };

/** Runs an instance: each step of `runLook` becomes a step of the Workflow. */
export async function runLookAsWorkflow(
  ports: GatePorts,
  { run, ...release }: LookParameters,
  steps: WorkflowSteps,
): Promise<string> {
  return await runLook(ports, release, run, (name, work) => steps.do<LookStep>(name, CONFIG, work));
}

/** Returns a launcher that creates instances of the Workflow. */
export function lookLauncher(workflow: WorkflowInstances<LookParameters>, platform: Platform): LookLauncher {
  const start = instanceStarter(workflow, platform);
  return {
    // Dots are not allowed in the id of an instance.
    launch: ({ channel, board, version }, run) =>
      start(`look-${channel}-${board}-${version.replaceAll('.', '-')}-${run}`, { channel, board, version, run }),
  };
}
