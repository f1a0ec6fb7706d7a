/** What an instance is, from what Docker says of its container. */
import { InstanceId, type InstanceState } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Call, Engine } from './api/connection.ts';
import { type Container, lastExitCode } from './api/containers.ts';

/** Docker forgets about earlier crashes when a container has run for so long. */
const STEADY_MS = 10_000;

/**
 * An instance that Docker has started again after a crash counts as ended until it has run for a while: an app that
 * ends as soon as it starts would otherwise be found running half of the time
 */
export const isBetweenCrashes = ({ status, restarts, startedAt }: Container, now: number): boolean =>
  status === 'running' && restarts > 0 && now - startedAt < STEADY_MS;

export const stateOf = ({ id, status, exitCode, address }: Container): InstanceState => {
  if (status === 'created') return { state: 'exited', exitCode: null };
  if (status !== 'running' && status !== 'paused') return { state: 'exited', exitCode };
  if (address === null) return { state: 'gone' };
  return { state: 'running', instance: { id: InstanceId.parse(id), address } };
};

/** How it ended before its restart stands in the engine's events only. */
export const lookAt = (engine: Engine, container: Container): Call<InstanceState> =>
  isBetweenCrashes(container, Date.now())
    ? pipe(
        lastExitCode(engine, container.id, container.startedAt),
        TE.map((exitCode) => ({ state: 'exited', exitCode })),
      )
    : TE.right(stateOf(container));
