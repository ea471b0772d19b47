/** Runs looks in the Cloudflare Workflow LOOK_AT_RELEASE, with retries and a timeout for each step. */
import type { Platform } from '../../shared/platform.ts';
import { storeCaller } from '../../shared/store.ts';
import type { Release } from './bucket.ts';
import { type GatePorts, type LookLauncher, type LookStep, runLook } from './gate.ts';

/** The parameters of a Workflow instance. */
export interface LookParameters extends Release {
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
  create(options: { id: string; params: LookParameters }): Promise<unknown>;
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
export function lookLauncher(workflow: WorkflowInstances, platform: Platform): LookLauncher {
  const reach = storeCaller(platform, 20_000);
  return {
    launch: (release, run) =>
      reach('create workflow', async () => {
        const { channel, board, version } = release;
        // Dots are not allowed in the id of an instance.
        const id = `look-${channel}-${board}-${version.replaceAll('.', '-')}-${run}`;
        await workflow.create({ id, params: { channel, board, version, run } });
        return undefined;
      }),
  };
}
