/** The rules that the bucket in memory keeps are those of the emulation in workerd. */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describeBucket } from './bucket-rules.ts';

const open = async () => {
  await reset();
  return env.RELEASES;
};

describeBucket({ open, minPartBytes: 5 * 1024 * 1024 });
