/** The order of the files of tests: the longest first, so that none of them runs alone at the end. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What took longest, as measured, each without the folder; whatever is not named here comes after, in vitest's own order. */
const LONGEST = [
  ...['console.browser', 'deploy.client', 'packages.client', 'every-client.client', 'boot.client', 'taken-over.client'],
  ...['staging.client', 'documents.client', 'linear.long', 'mirror.worker', 'races.long', 'faults.long'],
];

const rank = ({ moduleId }: TestSpecification): number => {
  const found = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
  return found < 0 ? LONGEST.length : found;
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}
