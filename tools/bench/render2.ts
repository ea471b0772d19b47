/** render2, a Worker that many run to hand out a bucket, as its package has it. */
import worker from 'render2';

const render2 = worker;
export default render2;
