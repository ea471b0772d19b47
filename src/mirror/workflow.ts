/** The Workflow MIRROR_RELEASE: how attempts are launched, and how patient each step is. */
import type { Version } from '../releases/model.ts';
import type { Platform } from '../shared/platform.ts';
import { ok } from '../shared/result.ts';
import { storeCaller } from '../shared/store.ts';
import type { Launcher } from './jobs.ts';
import { type DoStep, type MirrorPorts, runJob, STEPS } from './run-job.ts';
import type { Release } from './store/bucket.ts';
import { instanceId } from './store/job.ts';

/** What an instance is created with; small, and the whole of it. */
export interface MirrorParameters {
  readonly channel: string;
  readonly board: string;
  readonly version: string;
  readonly attempt: number;
}

interface WorkflowSteps {
  do<T>(name: string, config: StepConfig, work: () => Promise<T>): Promise<T>;
}

interface StepConfig {
  readonly retries: { readonly limit: number; readonly delay: number; readonly backoff: 'exponential' };
  readonly timeout: number;
}

interface WorkflowInstances {
  create(options: { id: string; params: MirrorParameters }): Promise<unknown>;
  get(id: string): Promise<{ terminate(): Promise<void> }>;
}

const MINUTE_MS = 60_000;
const retries = { limit: 4, delay: 3_000, backoff: 'exponential' } as const;

/** Delays of 3, 6, 12 and 24 s: a heartbeat stays younger than its two minutes between the attempts of a step. */
function configOf(step: string): StepConfig {
  if (step === STEPS.resolve || step === STEPS.fail) return { retries, timeout: 2 * MINUTE_MS };
  if (step === STEPS.plan || step === STEPS.publish) return { retries, timeout: 10 * MINUTE_MS };
  return { retries, timeout: 180 * MINUTE_MS };
}

/** Runs an instance: the steps of `runJob` under the Workflow's own retries. */
export async function runAsWorkflow(
  ports: MirrorPorts,
  parameters: MirrorParameters,
  steps: WorkflowSteps,
): Promise<string> {
  const { channel, board, version, attempt } = parameters;
  const release: Release = { channel, board, version: version as Version };
  const doStep: DoStep = (name, work) => steps.do(name, configOf(name), work);
  return await runJob(ports, release, attempt, doStep);
}

/** Launches attempts on a Workflow binding. */
export function workflowLauncher(workflow: WorkflowInstances, platform: Platform): Launcher {
  const reach = storeCaller(platform, 20_000);
  return {
    launch: (job) =>
      reach('create workflow', async () => {
        const { channel, board, version, attempt } = job;
        await workflow.create({ id: instanceId(job), params: { channel, board, version, attempt } });
        return undefined;
      }),
    stop: async (id) => {
      // An instance that has ended, or that the runtime has lost, needs no end.
      await reach('stop workflow', async () => {
        const instance = await workflow.get(id);
        await instance.terminate();
        return ok(undefined);
      });
    },
  };
}
