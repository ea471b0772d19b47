/** What rooms tell the world of: the port by which they do so. The room `announcements` implements it. No I/O. */
import type { Result } from './result.ts';
import type { StoreFault } from './store.ts';

export const EVENT_TYPES = [
  'release.published',
  'release.failed',
  'release.quarantined',
  'alias.moved',
  'key.expiring',
  'machine.booted',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Something that has happened. */
export interface HappenedEvent {
  readonly type: EventType;
  /** What tells it from every other event of its type. Whoever tells of the same event twice says the same here. */
  readonly what: string;
  /** When it happened (ISO 8601): the same each time it is told. */
  readonly at: string;
  /** What receivers learn. Never a secret. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Tells of an event. It may be told again: it is announced once. After the answer the event is stored. */
export type Announce = (event: HappenedEvent) => Promise<Result<undefined, StoreFault>>;
