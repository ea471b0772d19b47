/** Every call of a mirror run, struck in every way: nothing unverified can be read, and in the end everything is there. */
import { describeEveryFault } from './every-fault.ts';

describeEveryFault('good', 80);
