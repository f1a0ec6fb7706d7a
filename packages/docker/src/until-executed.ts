/**
 * Whether a container's program could be executed. Docker's init is executed first and takes the program's place only
 * then, so the engine calls the start of a program that is not there a success.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Call, Engine, EngineFault } from './api/connection.ts';
import { inspectContainer, processesOf } from './api/containers.ts';
import { lookAt } from './instance-state.ts';

export type Execution = 'runs' | 'cannot-be-executed' | 'gone';

const TRIES = 50;
const PAUSE_MS = 10;

/** Resolves as soon as it is known. What has run and ended counts as run: why it ended is not for the start to tell. */
export const untilExecuted = (engine: Engine, id: string, triesLeft = TRIES): Call<Execution> =>
  pipe(
    processesOf(engine, id),
    TE.matchE(
      (fault) => whyNot(engine, id, fault),
      (commands) => TE.right(commands.some((command) => !isInit(command)) ? 'runs' : null),
    ),
    TE.flatMap((known) => {
      if (known !== null) return TE.right(known);
      if (triesLeft === 0) return TE.right('runs');
      return pipe(
        TE.fromTask(() => sleep(PAUSE_MS)),
        TE.flatMap(() => untilExecuted(engine, id, triesLeft - 1)),
      );
    }),
  );

/** Also the command line of its child, until that becomes the program. */
const isInit = (command: string): boolean => command.startsWith('/sbin/docker-init ');

const whyNot = (engine: Engine, id: string, fault: EngineFault): Call<Execution | null> => {
  if (fault.status === null) return TE.left(fault);
  // The engine's host has no `ps`.
  if (fault.message.includes('executable file not found')) return TE.right('runs');
  return pipe(
    inspectContainer(engine, id),
    TE.flatMap((container) => (container === null ? TE.right(null) : lookAt(engine, container))),
    TE.map((state) => {
      if (state === null) return 'gone';
      if (state.state !== 'exited') return null;
      return state.exitCode === 126 || state.exitCode === 127 ? 'cannot-be-executed' : 'runs';
    }),
  );
};
