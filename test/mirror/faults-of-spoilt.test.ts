/** The same while upstream's image is not what was signed: it is never stored, and the job fails, whatever else goes wrong. */
import { describeEveryFault } from './every-fault.ts';

describeEveryFault('spoilt', 60);
