/** Starts runs in the Workflow that mirrors releases: it may use the time that hashing whole files takes. */
import type { Platform } from '../shared/platform.ts';
import { instanceStarter, type WorkflowInstances } from '../shared/workflow.ts';
import type { SysextLauncher } from './run-sysexts.ts';

/** The parameters of a Workflow instance that mirrors a catalogue. */
export interface SysextParameters {
  readonly sysexts: string;
  readonly run: number;
}

/** Returns a launcher that creates instances of the Workflow. */
export function sysextLauncher(workflow: WorkflowInstances<SysextParameters>, platform: Platform): SysextLauncher {
  const start = instanceStarter(workflow, platform);
  return { launch: (name, run) => start(`sysexts-${name}-${run}`, { sysexts: name, run }) };
}
