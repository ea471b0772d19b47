/** Starts runs in the Workflow that mirrors releases: it may use the time that hashing whole files takes. */
import type { Platform } from '../shared/platform.ts';
import { storeCaller } from '../shared/store.ts';
import type { SysextLauncher } from './run-sysexts.ts';

/** The parameters of a Workflow instance that mirrors a catalogue. */
export interface SysextParameters {
  readonly sysexts: string;
  readonly run: number;
}

interface WorkflowInstances {
  create(options: { id: string; params: SysextParameters }): Promise<unknown>;
}

/** Returns a launcher that creates instances of the Workflow. */
export function sysextLauncher(workflow: WorkflowInstances, platform: Platform): SysextLauncher {
  const reach = storeCaller(platform, 20_000);
  return {
    launch: (name, run) =>
      reach('create workflow', async () => {
        await workflow.create({ id: `sysexts-${name}-${run}`, params: { sysexts: name, run } });
        return undefined;
      }),
  };
}
