/** What the Workflows of this service have in common: their steps, and how an instance is started. */
import type { Platform } from './platform.ts';
import type { Result } from './result.ts';
import { type StoreFault, storeCaller } from './store.ts';

export interface StepConfig {
  readonly retries: { readonly limit: number; readonly delay: number; readonly backoff: 'exponential' };
  /** In milliseconds, of one attempt. */
  readonly timeout: number;
}

/** `step` of a Workflow. */
export interface WorkflowSteps {
  do<T>(name: string, config: StepConfig, work: () => Promise<T>): Promise<T>;
}

/** The binding of a Workflow whose instances take parameters `P`. */
export interface WorkflowInstances<P> {
  create(options: { id: string; params: P }): Promise<unknown>;
}

const WITHIN_MS = 20_000;

/** Returns a function that starts an instance. An id has at most 100 letters, digits, `-` and `_`, and is used once. */
export function instanceStarter<P>(
  workflow: WorkflowInstances<P>,
  platform: Platform,
): (id: string, params: P) => Promise<Result<undefined, StoreFault>> {
  const reach = storeCaller(platform, WITHIN_MS);
  return (id, params) =>
    reach('create workflow', async () => {
      await workflow.create({ id, params });
      return undefined;
    });
}
