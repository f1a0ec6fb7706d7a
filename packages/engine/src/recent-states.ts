/**
 * What the streams that were looked at last amounted to. A stream only ever grows: what was read of it once stays true,
 * and only what came after has to be read again.
 */
import type { StreamId } from '@recourse/core';

/** What a stream amounts to at `version`; -1 if it has no events. */
export type Loaded<State> = Readonly<{ state: State; version: number }>;

export type RecentStates<State> = Readonly<{
  of(stream: StreamId): Loaded<State> | undefined;
  remember(stream: StreamId, loaded: Loaded<State>): void;
  forget(stream: StreamId): void;
}>;

export const createRecentStates = <State>(max: number): RecentStates<State> => {
  /** Longest unused first. */
  const states = new Map<StreamId, Loaded<State>>();
  return {
    of: (stream) => states.get(stream),
    remember: (stream, loaded) => {
      const known = states.get(stream);
      states.delete(stream);
      // Two reads may overtake each other: the one that saw more is kept.
      states.set(stream, known !== undefined && known.version > loaded.version ? known : loaded);
      const [oldest] = states.keys();
      if (states.size > max && oldest !== undefined) states.delete(oldest);
    },
    forget: (stream) => void states.delete(stream),
  };
};
