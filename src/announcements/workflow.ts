/** Runs deliveries in the Cloudflare Workflow DELIVER_ANNOUNCEMENTS: one instance a receiver at a time. */
import type { Platform } from '../shared/platform.ts';
import { storeCaller } from '../shared/store.ts';
import type { AnnouncerPorts, DeliveryLauncher } from './announcer.ts';
import { type DeliveryOutcome, runDeliveries } from './deliver.ts';

/** The parameters of a Workflow instance. */
export interface DeliveryParameters {
  readonly receiver: string;
  readonly run: number;
}

interface WorkflowSteps {
  do<T>(name: string, config: StepConfig, work: () => Promise<T>): Promise<T>;
  sleep(name: string, milliseconds: number): Promise<void>;
}

interface StepConfig {
  readonly retries: { readonly limit: number; readonly delay: number; readonly backoff: 'exponential' };
  readonly timeout: number;
}

interface WorkflowInstances {
  create(options: { id: string; params: DeliveryParameters }): Promise<unknown>;
}

const CONFIG: StepConfig = { retries: { limit: 5, delay: 2_000, backoff: 'exponential' }, timeout: 5 * 60_000 };

/** Runs an instance: each step of `runDeliveries` becomes a step of the Workflow. */
export async function runDeliveriesAsWorkflow(
  ports: AnnouncerPorts,
  parameters: DeliveryParameters,
  steps: WorkflowSteps,
): Promise<string> {
  return await runDeliveries(ports, parameters, {
    do: (name, work) => steps.do<DeliveryOutcome>(name, CONFIG, work),
    sleep: (name, milliseconds) => steps.sleep(name, milliseconds),
  });
}

/** Returns a launcher that creates instances of the Workflow. */
export function deliveryLauncher(workflow: WorkflowInstances, platform: Platform): DeliveryLauncher {
  const reach = storeCaller(platform, 20_000);
  return {
    launch: (receiver, run) =>
      reach('create workflow', async () => {
        await workflow.create({ id: `deliver-${receiver}-${run}`, params: { receiver, run } });
        return undefined;
      }),
  };
}
