/**
 * Makes the instance of a key run, whoever began to. The container's name is the key's, so the engine itself decides
 * who makes it; all others find it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Address,
  type CancelSignal,
  type Instance,
  InstanceId,
  type PortError,
  type StartOrder,
} from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Engine, EngineFault } from './api/connection.ts';
import {
  type Container,
  containerLogs,
  createContainer,
  inspectContainer,
  listContainers,
  putFiles,
  removeContainer,
  startContainer,
} from './api/containers.ts';
import { cancelled, permanent, portError } from './faults.ts';
import { archiveOf, type FileServer, fileServerProgram } from './file-server.ts';
import { addressOf, containerOwner, ours } from './labels.ts';
import { lastLines } from './log-frames.ts';
import { plainText } from './plain-text.ts';
import type { Reach } from './reach.ts';
import { type ContainerPolicy, containerName, containerRequest } from './requests.ts';
import { untilExecuted } from './until-executed.ts';

export type RuntimeSetup = Readonly<{
  engine: Engine;
  reach: Reach;
  fileServer: FileServer;
  policy: ContainerPolicy;
}>;

type Starting = RuntimeSetup & Readonly<{ order: StartOrder; signal: CancelSignal; what: string }>;

/** Null asks for another try: the container is not there any more, or its port is not free. */
type Try<A> = TE.TaskEither<PortError, A | null>;

const TRIES = 20;
const PAUSE_MS = 20;

export const startInstance = (setup: RuntimeSetup, order: StartOrder, signal: CancelSignal) => {
  const starting = { ...setup, order, signal, what: `Starting ${order.key}` };
  const busy: Address[] = [];
  const attempt = (triesLeft: number): TE.TaskEither<PortError, Instance> => {
    if (signal.aborted) return TE.left(cancelled('runtime', starting.what));
    if (triesLeft === 0)
      return TE.left(failed(starting, 'its container was removed, or its port taken, again and again'));
    return pipe(
      obtain(starting, busy),
      TE.flatMap((found) => (found === null ? TE.right(null) : launch(starting, found, busy))),
      TE.flatMap((instance) =>
        instance === null
          ? pipe(
              TE.fromTask(() => sleep(PAUSE_MS)),
              TE.flatMap(() => attempt(triesLeft - 1)),
            )
          : TE.right(instance),
      ),
    );
  };
  return attempt(TRIES);
};

type Found = Readonly<{ id: string; address: Instance['address']; status: string }>;

/** Makes the container, or finds the one that has its name. */
const obtain = (starting: Starting, busy: readonly Address[]): Try<Found> => {
  const { engine, order, policy, reach, what } = starting;
  const { key, run } = order;
  return pipe(
    listContainers(engine, { label: [ours] }),
    TE.flatMap((containers) =>
      reach.choose(key, run.port, [...busy, ...containers.flatMap(({ labels }) => addressOf(labels) ?? [])]),
    ),
    TE.mapLeft(portError('runtime', what)),
    TE.flatMap((address) => {
      if (address === null) return TE.left(failed(starting, 'every address for instances is taken'));
      const placement = reach.placement(address, run.port);
      return pipe(
        createContainer(engine, containerName(key), containerRequest(order, policy, address, placement)),
        TE.map((id): Found => ({ id, address, status: 'created' })),
        TE.orElse((fault) => (fault.status === 409 ? adopt(starting) : TE.left(notCreated(starting, fault)))),
      );
    }),
  );
};

const notCreated = (starting: Starting, fault: EngineFault): PortError => {
  const { image, key } = starting.order;
  if (fault.status === 404 && /no such image/i.test(fault.message)) {
    return permanent(
      'runtime/image-gone',
      `${key} cannot start: the image ${image.name} (${image.digest}) is not here.`,
    );
  }
  return fault.status === 400 ? failed(starting, fault.message) : portError('runtime', starting.what)(fault);
};

const adopt = ({ engine, order, what }: Starting): Try<Found> =>
  pipe(
    inspectContainer(engine, containerName(order.key)),
    TE.mapLeft(portError('runtime', what)),
    TE.flatMap((container) => {
      if (container === null || container.status === 'removing') return TE.right(null);
      const { id, address, status } = container;
      if (address === null || !isOf(order, container)) {
        const name = containerName(order.key);
        return TE.left(
          permanent('runtime/key-taken', `The container ${name} is there already, for something else. Remove it.`),
        );
      }
      return TE.right({ id, address, status });
    }),
  );

const isOf = ({ key, deployment, environment, image }: StartOrder, { labels, imageId }: Container): boolean => {
  const owner = containerOwner(labels);
  return (
    owner !== null &&
    owner.key === key &&
    owner.deployment === deployment &&
    owner.environment === environment &&
    owner.digest === image.digest &&
    imageId === image.digest
  );
};

const launch = (starting: Starting, found: Found, busy: Address[]): Try<Instance> => {
  const { engine, what } = starting;
  const instance = { id: InstanceId.parse(found.id), address: found.address };
  if (found.status === 'running' || found.status === 'restarting') return TE.right(instance);
  return pipe(
    complete(starting, found),
    TE.flatMap(() =>
      pipe(
        startContainer(engine, found.id),
        TE.matchE(
          (fault) => notStarted(starting, found, fault, busy),
          () =>
            pipe(
              untilExecuted(engine, found.id, found.address),
              TE.mapLeft(portError('runtime', what)),
              TE.flatMap((outcome) => {
                if (outcome === 'gone') return TE.right(null);
                return outcome === 'runs' ? TE.right(instance) : sayWhy(starting, found.id);
              }),
            ),
        ),
      ),
    ),
  );
};

const sayWhy = (starting: Starting, id: string): TE.TaskEither<PortError, never> =>
  pipe(
    containerLogs(starting.engine, id, 1),
    TE.mapLeft(portError('runtime', starting.what)),
    TE.flatMap((frames) => discard(starting, id, lastLines(frames, 1).join(''))),
  );

const notStarted = (starting: Starting, { id, address }: Found, fault: EngineFault, busy: Address[]): Try<never> => {
  const { engine, what } = starting;
  if (fault.status === null) return TE.left(portError('runtime', what)(fault));
  const isWithoutNetwork = fault.status === 404 && /network .*not found/i.test(fault.message);
  if ((fault.status === 404 && !isWithoutNetwork) || fault.status === 409) return TE.right(null);
  if (!isWithoutNetwork && !/port is already allocated|address already in use/i.test(fault.message)) {
    return discard(starting, id, fault.message);
  }
  busy.push(address);
  return pipe(
    removeContainer(engine, id),
    TE.bimap(portError('runtime', what), () => null),
  );
};

const discard = (starting: Starting, id: string, why: string): TE.TaskEither<PortError, never> =>
  pipe(
    removeContainer(starting.engine, id),
    TE.mapLeft(portError('runtime', starting.what)),
    TE.flatMap(() => TE.left(failed(starting, why))),
  );

/** An image of files only is given its server, also when a worker died before it could. */
const complete = ({ engine, order, fileServer, what, ...starting }: Starting, { id }: Found) => {
  if (order.inputs.preset !== 'static' || order.inputs.runnable) return TE.right(undefined);
  return pipe(
    fileServerProgram(fileServer),
    TE.mapLeft((why) => failed({ ...starting, engine, order, fileServer, what }, why)),
    TE.flatMap((program) => TE.fromTask(() => archiveOf(program))),
    TE.flatMap((archive) => pipe(putFiles(engine, id, archive), TE.mapLeft(portError('runtime', what)))),
  );
};

const failed = ({ order: { key, image, variables } }: Starting, why: string): PortError =>
  permanent(
    'runtime/start-failed',
    `${key} does not start from ${image.name}: ${plainText(withoutValues(why, variables), 1000)}.`,
  );

/** The engine's words may repeat what it was given. */
const withoutValues = (text: string, variables: Readonly<Record<string, string>>): string =>
  Object.values(variables)
    .filter((value) => value !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((shown, value) => shown.replaceAll(value, '[redacted]'), text);
