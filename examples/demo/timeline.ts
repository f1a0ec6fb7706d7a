/** What happened, told from the events alone: a line an event, then a line a deployment. */
import { deploymentEvents, type EventStore, explainEvent, type StoredEvent } from '@recourse/core';
import { type HistoryEntry, orFault, type UnreadableEntry } from '@recourse/engine';
import { isRight } from 'fp-ts/lib/Either.js';
import { table, title } from './screen.ts';

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

export const printTimeline = async (store: EventStore): Promise<void> => {
  title('The timeline, from the events');
  const { events } = await orFault(store.readAll({ after: null, limit: 1000 }));
  const from = events[0]?.metadata.recordedAt ?? 0;
  let before: number = from;
  const rows = events.flatMap((stored) => {
    const { recordedAt } = stored.metadata;
    const row = [
      seconds(recordedAt - from),
      `+${seconds(recordedAt - before)}`,
      nameOf(stored),
      stored.type,
      told(stored),
    ];
    before = recordedAt;
    return [row];
  });
  table([['at s', 'after s', 'stream', 'event', ''], ...rows]);
};

const nameOf = ({ stream }: StoredEvent): string => {
  const [kind, ...id] = stream.split('-');
  return kind === 'environment' ? id.join('-') : id.join('-').slice(0, 8);
};

const told = (stored: StoredEvent): string => {
  const event = deploymentEvents.decode(stored);
  return isRight(event) ? (explainEvent(event.right) ?? stepOf(stored)) : '';
};

const stepOf = ({ data }: StoredEvent): string =>
  typeof data === 'object' && data !== null && 'step' in data ? String(Reflect.get(data, 'step')) : '';

export const printHistory = (entries: readonly (HistoryEntry | UnreadableEntry)[]): void => {
  title('The history of the environment, newest first');
  const rows = entries.map((entry) =>
    entry.status === 'unreadable'
      ? [entry.deployment.slice(0, 8), entry.kind, entry.status, entry.problem]
      : [
          entry.deployment.slice(0, 8),
          entry.kind,
          entry.status,
          entry.way ?? '',
          entry.commit?.slice(0, 7) ?? '',
          entry.rollbackOf?.slice(0, 8) ?? '',
          entry.replaced?.slice(0, 8) ?? '',
          entry.liveSince === null ? '' : new Date(entry.liveSince).toISOString().slice(11, 23),
          entry.actor,
          entry.reason ?? '',
        ],
  );
  table([
    ['deployment', 'kind', 'status', 'way', 'commit', 'rollback of', 'replaced', 'live since', 'by', 'reason'],
    ...rows,
  ]);
};
