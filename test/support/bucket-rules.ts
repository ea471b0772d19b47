/** What the service expects of R2, as cases that the emulation in workerd and the bucket in memory both have to pass. */
import { describe, expect, it } from 'vitest';

export interface RuledBucket {
  /** An empty bucket. */
  readonly open: () => Promise<R2Bucket>;
  /** The smallest part that is taken. */
  readonly minPartBytes: number;
}

/** Adds the cases to the file that calls this. */
export function describeBucket({ open, minPartBytes }: RuledBucket): void {
  const filled = async (...keys: string[]) => {
    const bucket = await open();
    for (const key of keys) await bucket.put(key, `of ${key}`);
    return bucket;
  };
  const textOf = async (object: R2Object | R2ObjectBody | null) =>
    object !== null && 'body' in object ? await object.text() : undefined;

  describe('objects', () => {
    it('come back with size, strong etag and metadata; what is not there is null', async () => {
      const bucket = await open();
      const metadata = { httpMetadata: { contentType: 'text/plain' }, customMetadata: { a: 'b' } };
      const put = await bucket.put('k', 'hello', metadata);
      const object = await bucket.get('k');
      expect(put).toMatchObject({ key: 'k', size: 5, etag: '5d41402abc4b2a76b9719d911017c592' });
      expect(object).toMatchObject({ httpEtag: '"5d41402abc4b2a76b9719d911017c592"', ...metadata });
      expect(await textOf(object)).toBe('hello');
      expect(await bucket.head('k')).toMatchObject({ size: 5, ...metadata });
      expect('body' in ((await bucket.head('k')) ?? {})).toBe(false);
      expect([await bucket.get('none'), await bucket.head('none')]).toEqual([null, null]);
    });

    it('are what was written, whatever the writer does to its bytes then', async () => {
      const bucket = await open();
      const bytes = new Uint8Array([1, 2, 3, 4]);
      const writing = bucket.put('k', bytes.subarray(1, 3));
      await writing;
      bytes.fill(9);
      expect(new Uint8Array((await (await bucket.get('k'))?.arrayBuffer()) ?? [])).toEqual(new Uint8Array([2, 3]));
    });

    it.each([
      [{ offset: 3, length: 2 }, 'lo'],
      [{ offset: 3 }, 'lo, R2'],
      [{ length: 2 }, 'he'],
      [{ offset: 7, length: 99 }, 'R2'],
      [{ suffix: 2 }, 'R2'],
      [{ suffix: 99 }, 'hello, R2'],
    ])('a part %j is %j', async (range, expected) => {
      const bucket = await open();
      await bucket.put('k', 'hello, R2');
      const object = await bucket.get('k', { range });
      expect([await textOf(object), object?.size]).toEqual([expected, 9]);
    });

    it('a part past the end is refused', async () => {
      const bucket = await filled('k');
      await expect(bucket.get('k', { range: { offset: 100, length: 1 } })).rejects.toThrow(/^get: .*\(10039\)$/);
    });

    it('are read under a condition, and come without a body where it does not hold', async () => {
      const bucket = await filled('k');
      const etag = (await bucket.head('k'))?.etag ?? '';
      const read = async (onlyIf: R2Conditional) => await textOf(await bucket.get('k', { onlyIf }));
      expect(await read({ etagMatches: etag })).toBe('of k');
      expect(await read({ etagDoesNotMatch: 'other' })).toBe('of k');
      expect(await read({ etagMatches: 'other' })).toBeUndefined();
      expect(await bucket.get('k', { onlyIf: { etagDoesNotMatch: etag } })).toMatchObject({ key: 'k', etag });
    });

    it('are written under a condition, or not at all', async () => {
      const bucket = await open();
      const write = async (text: string, onlyIf: R2Conditional) => (await bucket.put('k', text, { onlyIf }))?.etag;
      expect(await write('never', { etagMatches: 'other' })).toBeUndefined();
      const first = await write('first', { etagDoesNotMatch: '*' });
      expect(await write('again', { etagDoesNotMatch: '*' })).toBeUndefined();
      const second = await write('second', { etagMatches: first ?? '' });
      expect(await write('third', { etagMatches: first ?? '' })).toBeUndefined();
      expect(second).toMatch(/^[0-9a-f]{32}$/);
      expect(await textOf(await bucket.get('k'))).toBe('second');
    });

    it('go one by one or many at once; what is not there is no matter', async () => {
      const bucket = await filled('a', 'b', 'c');
      await bucket.delete('a');
      await bucket.delete(['b', 'none']);
      expect((await bucket.list()).objects.map(({ key }) => key)).toEqual(['c']);
    });

    it('have keys of at most 1024 bytes', async () => {
      const bucket = await open();
      await expect(bucket.put('k'.repeat(1025), '')).rejects.toThrow(/^put: .*\(10020\)$/);
      await expect(bucket.get('é'.repeat(513))).rejects.toThrow(/^get: .*\(10020\)$/);
    });
  });

  describe('lists', () => {
    it('are in the order of the keys, by prefix, in pages', async () => {
      const bucket = await filled('b/2', 'b/1', 'a', 'b/3', 'c');
      const pages: string[][] = [];
      let cursor: string | undefined;
      do {
        const page = await bucket.list({ prefix: 'b/', limit: 2, ...(cursor === undefined ? {} : { cursor }) });
        pages.push(page.objects.map(({ key }) => key));
        cursor = page.truncated ? page.cursor : undefined;
      } while (cursor !== undefined);
      expect(pages).toEqual([['b/1', 'b/2'], ['b/3']]);
      expect((await bucket.list({ startAfter: 'b/1', prefix: 'b' })).objects).toHaveLength(2);
    });

    it('gather keys up to a delimiter, each of which counts once', async () => {
      const bucket = await filled('p/a/1', 'p/a/2', 'p/b.json', 'p/c/1', 'q/1');
      const whole = await bucket.list({ prefix: 'p/', delimiter: '/' });
      expect([whole.objects.map(({ key }) => key), whole.delimitedPrefixes]).toEqual([['p/b.json'], ['p/a/', 'p/c/']]);
      const page = await bucket.list({ prefix: 'p/', delimiter: '/', limit: 2 });
      expect([page.objects.length, page.delimitedPrefixes, page.truncated]).toEqual([1, ['p/a/'], true]);
      const rest = await bucket.list({ prefix: 'p/', delimiter: '/', cursor: page.truncated ? page.cursor : '' });
      expect([rest.objects.length, rest.delimitedPrefixes, rest.truncated]).toEqual([0, ['p/c/'], false]);
    });

    it('tell metadata where they are asked to', async () => {
      const bucket = await open();
      await bucket.put('k', '', { customMetadata: { a: 'b' }, httpMetadata: { contentType: 'text/plain' } });
      const metadata = async (options: R2ListOptions) => (await bucket.list(options)).objects[0]?.customMetadata;
      expect(await metadata({ include: ['customMetadata'] })).toEqual({ a: 'b' });
      expect(await metadata({})).toEqual({});
    });

    it('take a limit from 1 to 1000', async () => {
      const bucket = await open();
      await expect(bucket.list({ limit: 0 })).rejects.toThrow(/^list: .*\(10022\)$/);
      await expect(bucket.list({ limit: 1001 })).rejects.toThrow(/^list: .*\(10022\)$/);
    });
  });

  describe('uploads', () => {
    const part = (byte: number, length = minPartBytes) => new Uint8Array(length).fill(byte);
    const begun = async () => {
      const bucket = await open();
      const upload = await bucket.createMultipartUpload('k', { customMetadata: { a: 'b' } });
      return { bucket, upload };
    };

    it('show nothing before they are complete, and then the parts in their order', async () => {
      const { bucket, upload } = await begun();
      const second = await upload.uploadPart(2, part(2));
      const third = await upload.uploadPart(3, part(3, 10));
      const first = await bucket.resumeMultipartUpload('k', upload.uploadId).uploadPart(1, part(1));
      expect(await bucket.head('k')).toBeNull();
      const object = await upload.complete([first, second, third]);
      expect(object).toMatchObject({ key: 'k', size: 2 * minPartBytes + 10 });
      expect(object.etag).toMatch(/^[0-9a-f]{32}-3$/);
      const stored = await bucket.get('k', { range: { offset: minPartBytes - 1, length: 2 } });
      expect(stored?.customMetadata).toEqual({ a: 'b' });
      expect(new Uint8Array((await stored?.arrayBuffer()) ?? [])).toEqual(new Uint8Array([1, 2]));
    });

    it('take a part again in the place of the first', async () => {
      const { bucket, upload } = await begun();
      const old = await upload.uploadPart(1, part(1));
      const one = await upload.uploadPart(1, part(7));
      await expect(upload.complete([old])).rejects.toThrow(/^completeMultipartUpload: .*\(10025\)$/);
      await upload.complete([one]);
      const stored = await bucket.get('k', { range: { length: 1 } });
      expect(new Uint8Array((await stored?.arrayBuffer()) ?? [])).toEqual(new Uint8Array([7]));
    });

    it.each([
      ['too small a part', [-1, 0], /\(10011\)$/],
      ['parts of two sizes', [0, 5, 0], /\(10048\)$/],
      ['a larger last part', [0, 5], /\(10048\)$/],
    ])('of %s are refused at the end', async (_name, lengths, message) => {
      const { bucket, upload } = await begun();
      const parts: R2UploadedPart[] = [];
      for (const [index, more] of lengths.entries())
        parts.push(await upload.uploadPart(index + 1, part(1, minPartBytes + more)));
      await expect(upload.complete(parts)).rejects.toThrow(message);
      expect(await bucket.head('k')).toBeNull();
    });

    it('are over once they are complete or aborted', async () => {
      for (const end of ['complete', 'abort'] as const) {
        const { bucket, upload } = await begun();
        const one = await upload.uploadPart(1, part(1));
        await (end === 'complete' ? upload.complete([one]) : upload.abort());
        await expect(upload.uploadPart(2, part(2))).rejects.toThrow(/^uploadPart: .*\(10024\)$/);
        await expect(upload.complete([one])).rejects.toThrow(/^completeMultipartUpload: .*\(10024\)$/);
        await upload.abort();
        expect((await bucket.head('k')) !== null).toBe(end === 'complete');
      }
    });

    it('that nobody began are refused', async () => {
      const bucket = await open();
      const strange = bucket.resumeMultipartUpload('k', 'nobody-knows-this-upload');
      await expect(strange.uploadPart(1, part(1))).rejects.toThrow(/^uploadPart: .*\(10024\)$/);
      await expect(strange.complete([])).rejects.toThrow(/^completeMultipartUpload: /);
    });
  });
}
