/** The emulation's own bucket, with faults of a test's choosing in front of it. */
import { env } from 'cloudflare:workers';
import { type FaultyBucket, faultyBucketOver } from './faulty-bucket.ts';

export const faultyBucket = (real: R2Bucket = env.RELEASES): FaultyBucket => faultyBucketOver(real);
