/** A Workflow for dry runs: no instance starts. */

/** Returns a Workflow binding that starts nothing. */
export function dryWorkflow(): Workflow {
  const instance = { id: 'dry', status: async () => ({ status: 'unknown' }), terminate: async () => undefined };
  return { create: async () => instance, get: async () => instance } as unknown as Workflow;
}
