/** The bucket in memory keeps R2's rules. */
import { expect, it } from 'vitest';
import { describeBucket } from './bucket-rules.ts';
import { memoryBucket } from './memory-bucket.ts';
import { VirtualClock } from './virtual-clock.ts';

describeBucket({ open: async () => memoryBucket({ now: Date.now, minPartBytes: 100 }).r2, minPartBytes: 100 });

it('refuses a second write to a key too soon after the first, as R2 does within a second', async () => {
  const clock = new VirtualClock();
  const { r2 } = memoryBucket({ now: clock.now, writeAgainMs: 1000 });
  await r2.put('k', 'first');
  await expect(r2.put('k', 'second')).rejects.toThrow(/^put: .*\(10058\)$/);
  await r2.put('other', 'first');
  await clock.pass(1000);
  await r2.put('k', 'third');
  expect(await (await r2.get('k'))?.text()).toBe('third');
});

it('knows which uploads are open, and tells of every change', async () => {
  const changes: string[] = [];
  const bucket = memoryBucket({ now: Date.now, minPartBytes: 1, changed: (key) => changes.push(key) });
  const [aborted, completed, open] = await Promise.all(
    ['a', 'b', 'c'].map((key) => bucket.r2.createMultipartUpload(key)),
  );
  await aborted?.abort();
  await completed?.complete([await completed.uploadPart(1, 'x')]);
  await bucket.r2.delete(['b', 'none']);
  expect(bucket.openUploads()).toEqual([{ key: 'c', id: open?.uploadId }]);
  expect(changes).toEqual(['b', 'b']);
});
