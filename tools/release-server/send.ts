/** Sends the body of an answer, with the faults of a rule if there is one. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Rule } from './tenant.ts';

const CHUNK = 256 * 1024;

/** Sends `body`, and ends the answer unless the rule makes it hang or cuts the connection. */
export async function sendBody(response: ServerResponse, body: Buffer, rule: Rule | undefined): Promise<void> {
  const closed = once(response, 'close');
  const write = async (chunk: Buffer): Promise<void> => {
    if (!response.destroyed && !response.write(chunk)) await Promise.race([drained(response), closed]);
  };
  const stopAt = Math.min(rule?.cutAfter ?? rule?.hangAfter ?? body.length, body.length);
  for (let offset = 0; offset < stopAt && !response.destroyed; offset += CHUNK) {
    if (rule?.chunkDelayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, rule.chunkDelayMs));
    await write(body.subarray(offset, Math.min(offset + CHUNK, stopAt)));
  }
  if (rule?.hangAfter !== undefined) return;
  if (rule?.cutAfter !== undefined) {
    // Wait until the written bytes have left, because a reset would discard them.
    setTimeout(() => response.destroy(), 50);
    return;
  }
  const surplus = rule?.endless ?? 0;
  for (let sent = 0; sent < surplus && !response.destroyed; sent += CHUNK) await write(Buffer.alloc(CHUNK));
  response.end();
}

const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => response.once('drain', () => resolve()));
