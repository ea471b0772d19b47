/** Runs attempts in the Cloudflare Workflow MIRROR_RELEASE, with retries and a timeout for each step. */
import type { Version } from '../releases/model.ts';
import type { Platform } from '../shared/platform.ts';
import { ok } from '../shared/result.ts';
import { storeCaller } from '../shared/store.ts';
import { instanceStarter, type StepConfig, type WorkflowInstances, type WorkflowSteps } from '../shared/workflow.ts';
import type { Launcher } from './jobs.ts';
import { type DoStep, type MirrorPorts, runJob, STEPS } from './run-job.ts';
import type { Release } from './store/bucket.ts';
import { instanceId } from './store/job.ts';
import { runUnpack, type UnpackLauncher } from './unpack/run-unpack.ts';

/** The parameters of a Workflow instance. An attempt needs nothing else. */
export interface MirrorParameters {
  readonly channel: string;
  readonly board: string;
  readonly version: string;
  readonly attempt: number;
}

/** The parameters of an instance that makes files for import tools. */
export interface UnpackParameters extends Omit<MirrorParameters, 'attempt'> {
  readonly unpack: number;
}

interface MirrorInstances extends WorkflowInstances<MirrorParameters> {
  get(id: string): Promise<{ terminate(): Promise<void> }>;
}

const MINUTE_MS = 60_000;
/**
 * The retries of a step wait 3, 6, 12 and 24 s. No heartbeat is written meanwhile. A job without one for two minutes
 * counts as dead, so the waits must stay much shorter.
 */
const retries = { limit: 4, delay: 3_000, backoff: 'exponential' } as const;

function configOf(step: string): StepConfig {
  if (step === STEPS.resolve || step === STEPS.fail) return { retries, timeout: 2 * MINUTE_MS };
  if (step === STEPS.plan || step === STEPS.publish) return { retries, timeout: 10 * MINUTE_MS };
  return { retries, timeout: 180 * MINUTE_MS };
}

/** Returns steps with the retries and the time that mirroring takes: hours for a step that reads whole files. */
export const copyingSteps =
  (steps: WorkflowSteps): DoStep =>
  (name, work) =>
    steps.do(name, configOf(name), work);

/** Runs an instance: each step of `runJob` becomes a step of the Workflow. Returns how the attempt ended. */
export async function runAsWorkflow(
  ports: MirrorPorts,
  parameters: MirrorParameters,
  steps: WorkflowSteps,
): Promise<string> {
  const { channel, board, version, attempt } = parameters;
  const release: Release = { channel, board, version: version as Version };
  return await runJob(ports, release, attempt, copyingSteps(steps));
}

/** Runs an instance that makes files for import tools. */
export async function runUnpackAsWorkflow(
  { unpack }: Pick<MirrorPorts, 'unpack'>,
  { channel, board, version, unpack: run }: UnpackParameters,
  steps: WorkflowSteps,
): Promise<string> {
  return await runUnpack(unpack, { channel, board, version: version as Version }, run, copyingSteps(steps));
}

/** Returns a launcher of the runs that make files for import tools. */
export function unpackLauncher(workflow: WorkflowInstances<UnpackParameters>, platform: Platform): UnpackLauncher {
  const start = instanceStarter(workflow, platform);
  return {
    launchUnpack: ({ channel, board, version }, run) =>
      start(`unpack-${channel}_${board}_${version.replaceAll('.', '-')}-${run}`, {
        ...{ channel, board, version, unpack: run },
      }),
  };
}

/** Returns a launcher that creates instances of the Workflow. */
export function workflowLauncher(workflow: MirrorInstances, platform: Platform): Launcher {
  const reach = storeCaller(platform, 20_000);
  const start = instanceStarter(workflow, platform);
  return {
    launch: (job) => {
      const { channel, board, version, attempt } = job;
      return start(instanceId(job), { channel, board, version, attempt });
    },
    stop: async (id) => {
      // The result is ignored: `terminate` fails for an instance that has ended, and that is no problem.
      await reach('stop workflow', async () => {
        const instance = await workflow.get(id);
        await instance.terminate();
        return ok(undefined);
      });
    },
  };
}
