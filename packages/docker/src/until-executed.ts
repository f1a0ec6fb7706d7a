/**
 * Whether a container's program could be executed. Docker's init is executed first and takes the program's place only
 * then, so the engine calls the start of a program that is not there a success.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Call, Engine, EngineFault } from './api/connection.ts';
import { inspectContainer, processesOf } from './api/containers.ts';
import { lookAt } from './instance-state.ts';

export type Execution = 'runs' | 'cannot-be-executed' | 'gone';

const TRIES = 50;
const PAUSE_MS = 10;

/**
 * Resolves as soon as it is known. What has run and ended counts as run: why it ended is not for the start to tell.
 * Something that listens has been executed. To ask the engine takes longer than many an app needs to get there, so
 * that is done only after a while. (Docker's proxy, on a published port, always listens: there `inspect` tells later.)
 */
export const untilExecuted = (engine: Engine, id: string, address: Address): Call<Execution> =>
  pipe(
    TE.fromTask(() => listensWithin(HEAD_START_MS, address)),
    TE.flatMap((listens) => (listens ? TE.right('runs' as const) : look(engine, id, TRIES))),
  );

const HEAD_START_MS = 40;
const CONNECT_PAUSE_MS = 2;

const listensWithin = async (ms: number, address: Address): Promise<boolean> => {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    if (await listens(address)) return true;
    await sleep(CONNECT_PAUSE_MS);
  }
  return false;
};

const listens = ({ host, port }: Address): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: HEAD_START_MS });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });

const look = (engine: Engine, id: string, triesLeft: number): Call<Execution> =>
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
        TE.flatMap(() => look(engine, id, triesLeft - 1)),
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
