/** Runs deliveries in the Cloudflare Workflow DELIVER_ANNOUNCEMENTS: one instance a receiver at a time. */
import type { Platform } from '../shared/platform.ts';
import { instanceStarter, type StepConfig, type WorkflowInstances, type WorkflowSteps } from '../shared/workflow.ts';
import type { AnnouncerPorts, DeliveryLauncher } from './announcer.ts';
import { type DeliveryOutcome, runDeliveries } from './deliver.ts';

/** The parameters of a Workflow instance. */
export interface DeliveryParameters {
  readonly receiver: string;
  readonly run: number;
}

interface SleepingSteps extends WorkflowSteps {
  sleep(name: string, milliseconds: number): Promise<void>;
}

const CONFIG: StepConfig = { retries: { limit: 5, delay: 2_000, backoff: 'exponential' }, timeout: 5 * 60_000 };

/** Runs an instance: each step of `runDeliveries` becomes a step of the Workflow. */
export async function runDeliveriesAsWorkflow(
  ports: AnnouncerPorts,
  parameters: DeliveryParameters,
  steps: SleepingSteps,
): Promise<string> {
  return await runDeliveries(ports, parameters, {
    do: (name, work) => steps.do<DeliveryOutcome>(name, CONFIG, work),
    sleep: (name, milliseconds) => steps.sleep(name, milliseconds),
  });
}

/** Returns a launcher that creates instances of the Workflow. */
export function deliveryLauncher(
  workflow: WorkflowInstances<DeliveryParameters>,
  platform: Platform,
): DeliveryLauncher {
  const start = instanceStarter(workflow, platform);
  return { launch: (receiver, run) => start(`deliver-${receiver}-${run}`, { receiver, run }) };
}
