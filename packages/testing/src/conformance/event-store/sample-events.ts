import { randomUUID } from 'node:crypto';
import { type EventStore, Instant, type Json, type NewEvent, type StoredEvent } from '@recourse/core';
import { right } from '../outcome.ts';

/** An event with an id of its own. */
export const someEvent = (data: Json = { step: 'build' }): NewEvent => ({
  id: randomUUID(),
  type: 'StepStarted',
  schemaVersion: 1,
  data,
  metadata: { recordedAt: Instant.parse(1_764_000_000_000), actor: 'ada', correlationId: 'c-1', causationId: 'k-1' },
});

export const someEvents = (count: number): readonly [NewEvent, ...NewEvent[]] => {
  const [first = someEvent(), ...rest] = Array.from({ length: count }, (_, n) => someEvent({ n }));
  return [first, ...rest];
};

/** A stream that nobody else writes. */
export const someStream = (): string => `deployment-${randomUUID()}`;

export const ids = (events: readonly Readonly<{ id: string }>[]): readonly string[] => events.map(({ id }) => id);

/** The whole log, page by page. */
export const wholeLog = async (store: EventStore, pageSize = 500): Promise<readonly StoredEvent[]> => {
  const log: StoredEvent[] = [];
  for (let after: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof nextPage>> = await nextPage(store, after, pageSize);
    if (page.events.length === 0) return log;
    log.push(...page.events);
    after = page.next;
  }
};

const nextPage = (store: EventStore, after: string | null, limit: number) => right(store.readAll({ after, limit }));
