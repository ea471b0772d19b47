/** Builds the Worker once before the tests with real clients; each of them runs it in a runtime of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildWorker } from '../../tools/edge-runtime/build.ts';

export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'flatcar-edge-built-'));
  project.provide('worker', await buildWorker(folder));
  return () => rmSync(folder, { recursive: true, force: true });
}
