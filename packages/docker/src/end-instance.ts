import { setTimeout as sleep } from 'node:timers/promises';
import type { PortError } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Call, Engine } from './api/connection.ts';
import { inspectContainer, removeContainer, stopContainer } from './api/containers.ts';
import { portError } from './faults.ts';

/** Asks it to end, ends it by force, removes it with its volumes; resolves when it is gone. */
export const endInstance = (engine: Engine, id: string, graceMs: number): TE.TaskEither<PortError, void> =>
  pipe(
    stopContainer(engine, id, graceMs),
    TE.flatMap(() => removeContainer(engine, id)),
    TE.flatMap((removed) => (removed ? TE.right(undefined) : untilGone(engine, id))),
    TE.mapLeft(portError('runtime', `Stopping the container ${id.slice(0, 12)}`)),
  );

const PAUSE_MS = 50;
const TRIES = 600;

/** Somebody else is removing it. */
const untilGone = (engine: Engine, id: string, triesLeft = TRIES): Call<void> =>
  pipe(
    inspectContainer(engine, id),
    TE.flatMap((container) => {
      if (container === null) return TE.right(undefined);
      if (triesLeft === 0) return TE.left({ status: 409, message: 'it is not removed in time', cancelled: false });
      return pipe(
        TE.fromTask(() => sleep(PAUSE_MS)),
        TE.flatMap(() => untilGone(engine, id, triesLeft - 1)),
      );
    }),
  );
