/** Configs whose data URLs are read: two tools that compress differently mean the same. */
import { gunzipSync, gzipSync } from 'node:zlib';

export const gzip = (bytes: Uint8Array): Uint8Array => gzipSync(bytes, { level: 9 });

/** The same config with every data URL replaced by what it holds. */
export function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, readable(inner)]));
  const { source, compression } = fields;
  if (typeof source !== 'string' || !source.startsWith('data:')) return fields;
  const comma = source.indexOf(',');
  const isBase64 = source.slice(0, comma).endsWith(';base64');
  const body = decodeURIComponentBytes(source.slice(comma + 1));
  const bytes = isBase64 ? Buffer.from(body.toString('latin1'), 'base64') : body;
  const plain = compression === 'gzip' && bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
  return { ...fields, source: plain.toString('latin1'), compression: compression === 'gzip' };
}

function decodeURIComponentBytes(text: string): Buffer {
  return Buffer.from(
    text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    'latin1',
  );
}
