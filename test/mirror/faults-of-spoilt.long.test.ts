/**
 * The same while upstream's image is not what was signed: it is never stored, and the job fails, whatever else goes wrong. Until the
 * copying begins, which looks for an upload first, the run is that of a good release.
 */
import { describeEveryFault } from './every-fault.ts';

describeEveryFault('spoilt', 40, /\.upload\.json$/);
