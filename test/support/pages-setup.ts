/** Builds the pages before the tests in workerd: the test runner does not know wrangler's `[build]`. */
import { buildPages } from '../../scripts/build-pages.ts';

export default buildPages;
