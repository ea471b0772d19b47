/** Builds the pages before the tests in workerd: the test runner does not know wrangler's `[build]`. */
import { buildPages } from '../../tools/build-pages.ts';

export default buildPages;
