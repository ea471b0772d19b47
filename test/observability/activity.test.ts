/** What the service did by hour: notes of the counters, which the poll makes, and the differences between them. */
import { describe, expect, it } from 'vitest';
import { activityOf, type HourNote, isHourOpen, spansOf, withNote } from '../../src/observability/activity.ts';
import { BOOTS, REQUESTS, RESPONSE_BYTES, VERIFICATION_FAILURES } from '../../src/observability/observe.ts';
import { seriesName } from '../../src/observability/prometheus.ts';
import { UPDATES } from '../../src/observability/updates.ts';
import { movingClock } from '../support/moving-clock.ts';
import { nodeEdge } from '../support/node-edge.ts';

const HOUR = 3_600_000;
const NONE = { boots: 0, failedBoots: 0, downloads: 0, bytes: 0, refusedFiles: 0, updates: 0 };

describe('the sums', () => {
  it('take each series for what it is', () => {
    const counts = {
      [seriesName(BOOTS, { what: 'ignition', outcome: 'served', profile: 'web' })]: 5,
      [seriesName(BOOTS, { what: 'frozen', outcome: 'served' })]: 2,
      [seriesName(BOOTS, { what: 'ignition', outcome: 'invalid' })]: 3,
      [seriesName(BOOTS, { what: 'ipxe', outcome: 'served' })]: 100,
      [seriesName(REQUESTS, { route: '/*', method: 'GET', status: '2xx' })]: 7,
      [seriesName(REQUESTS, { route: '/*', method: 'GET', status: '4xx' })]: 100,
      [seriesName(REQUESTS, { route: '/*', method: 'HEAD', status: '2xx' })]: 100,
      [seriesName(REQUESTS, { route: '/api/machines/', method: 'GET', status: '2xx' })]: 100,
      [seriesName(RESPONSE_BYTES, { route: '/*' })]: 11,
      [seriesName(RESPONSE_BYTES, { route: '/console' })]: 100,
      [seriesName(VERIFICATION_FAILURES, { source: 'mirror', reason: 'bad-signature' })]: 1,
      [seriesName(UPDATES, { channel: 'stable', board: 'amd64-usr', version: '1.2.3', told: 'offered' })]: 4,
    };
    expect(activityOf(counts)).toEqual({
      boots: 7,
      failedBoots: 3,
      downloads: 7,
      bytes: 11,
      refusedFiles: 1,
      updates: 4,
    });
  });
});

describe('the notes', () => {
  const at = (time: number, boots: number): HourNote => ({ at: new Date(time).toISOString(), ...NONE, boots });
  const start = Date.parse('2026-01-01T00:07:00Z');

  it('are one an hour', () => {
    expect(isHourOpen([], start)).toBe(true);
    expect(isHourOpen([at(start, 0)], start + 52 * 60_000)).toBe(false);
    expect(isHourOpen([at(start, 0)], start + 53 * 60_000)).toBe(true);
  });

  it('tell what happened between them, and since', () => {
    const notes = [at(start, 10), at(start + HOUR, 14)];
    const spans = spansOf(notes, start + HOUR + 60_000, { ...NONE, boots: 15 });
    expect(spans.map(({ boots }) => boots)).toEqual([4, 1]);
    expect(spans[1]).toMatchObject({ from: notes[1]?.at, to: new Date(start + HOUR + 60_000).toISOString() });
  });

  it('never take off what counters have lost', () => {
    expect(spansOf([at(start, 10)], start + HOUR, { ...NONE, boots: 2 })[0]?.boots).toBe(0);
  });

  it('are those of two weeks, and so is what they tell', () => {
    let notes: readonly HourNote[] = [];
    for (let hour = 0; hour < 500; hour += 1) notes = withNote(notes, start + hour * HOUR, { ...NONE, boots: hour });
    expect(notes).toHaveLength(360);
    const spans = spansOf(notes, start + 500 * HOUR, { ...NONE, boots: 500 });
    expect(spans).toHaveLength(360);
    expect(new Set(spans.map(({ boots }) => boots))).toEqual(new Set([1]));
    expect(spans[0]?.from).toBe(notes[0]?.at);
  });
});

it('the poll notes an hour once, and a boot is in the hour in which it was', async () => {
  const clock = movingClock();
  const edge = await nodeEdge({ platform: { now: clock.platform.now } });
  const activity = async () =>
    (await (await edge.call('GET', '/api/activity')).json<{ items: { boots: number }[] }>()).items;
  await edge.poll();
  const issued = await (await edge.call('PUT', '/api/machines/vm-1', '{"ignition":{"version":"3.3.0"}}')).json<{
    urls: { ignition: string };
  }>();
  expect((await edge.fetchUrl(issued.urls.ignition)).status).toBe(200);
  await edge.settle();
  await edge.poll();
  expect((await activity()).map(({ boots }) => boots)).toEqual([1]);
  clock.advance(HOUR);
  await edge.poll();
  await edge.poll();
  expect((await activity()).map(({ boots }) => boots)).toEqual([1, 0]);
});
