import {
  type Instance,
  InstanceId,
  type InstanceState,
  type PortError,
  type Runtime,
  type StepKey,
} from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { connect, type Engine } from './api/connection.ts';
import { type Container, containerLogs, inspectContainer, lastExitCode, listContainers } from './api/containers.ts';
import { endInstance } from './end-instance.ts';
import { portError } from './faults.ts';
import { defaultFileServer } from './file-server.ts';
import { defaultPorts } from './host-port.ts';
import { containerOwner, keyOf, ours } from './labels.ts';
import { lastLines } from './log-frames.ts';
import type { DockerRuntimeOptions } from './options.ts';
import { containerName } from './requests.ts';
import { startInstance } from './start-instance.ts';

/**
 * Instances as containers: without capabilities or new privileges, limited, and published on a port of this host that
 * stays the same for the container's life. Docker starts them again after a crash, of the app, of itself or of the
 * host. Variables are in the container's configuration: whoever may use the engine can read them there.
 */
export const dockerRuntime = (options: DockerRuntimeOptions): Runtime => {
  const engine = connect(options);
  const setup = {
    engine,
    ports: options.ports ?? defaultPorts,
    fileServer: options.fileServer ?? defaultFileServer,
    policy: {
      publishOn: options.publishOn ?? '127.0.0.1',
      network: options.network ?? 'bridge',
      capabilities: options.capabilities ?? [],
      pidsMax: options.pidsMax ?? 1024,
    },
  };
  return {
    start: (order, signal) => startInstance(setup, order, signal),
    inspect: (key) =>
      pipe(
        find(engine, key),
        TE.flatMap((container) => (container === null ? TE.right(gone) : stateOf(engine, container))),
      ),
    stop: (key, { graceMs }) =>
      pipe(
        find(engine, key),
        TE.flatMap((container) =>
          container === null ? TE.right(undefined) : endInstance(engine, container.id, graceMs),
        ),
      ),
    logs: (key, { lines }) =>
      pipe(
        find(engine, key),
        TE.flatMap((container) =>
          container === null
            ? TE.right([])
            : pipe(
                containerLogs(engine, container.id, lines),
                TE.bimap(portError('runtime', `Reading the log of ${key}`), (frames) => lastLines(frames, lines)),
              ),
        ),
      ),
    list: () =>
      pipe(
        listContainers(engine, { label: [ours] }),
        TE.bimap(portError('runtime', 'Listing the instances'), (containers) =>
          containers.flatMap(({ id, labels }) => {
            const owner = containerOwner(labels);
            return owner === null ? [] : [{ id: InstanceId.parse(id), ...owner }];
          }),
        ),
      ),
  };
};

const gone: InstanceState = { state: 'gone' };

/** What is ours under this key. Something else of that name is left alone. */
const find = (engine: Engine, key: StepKey): TE.TaskEither<PortError, Container | null> =>
  pipe(
    inspectContainer(engine, containerName(key)),
    TE.bimap(portError('runtime', `Looking for the instance ${key}`), (container) =>
      container !== null && keyOf(container.labels) === key ? container : null,
    ),
  );

/** After a restart of its own Docker's backoff begins anew when a container has run for so long. */
const STEADY_MS = 10_000;

/**
 * An instance that Docker has restarted counts as ended until it has run for a while: an app that ends as soon as it
 * starts would otherwise be found running half of the time.
 */
const stateOf = (engine: Engine, container: Container): TE.TaskEither<PortError, InstanceState> => {
  const { status, exitCode, restarts, startedAt, published } = container;
  if (status !== 'running' && status !== 'paused') {
    return TE.right({ state: 'exited', exitCode: status === 'created' ? null : exitCode });
  }
  if (restarts > 0 && Date.now() - startedAt < STEADY_MS) {
    return pipe(
      lastExitCode(engine, container.id, startedAt - LOOK_BACK_MS),
      TE.bimap(portError('runtime', `Looking for the end of ${container.id}`), (code) => ({
        state: 'exited',
        exitCode: code,
      })),
    );
  }
  return TE.right(published === null ? gone : { state: 'running', instance: instanceOf(container.id, published) });
};

/** Longer than the longest pause that Docker makes before it restarts a container. */
const LOOK_BACK_MS = 120_000;

const instanceOf = (id: string, address: Instance['address']): Instance => ({ id: InstanceId.parse(id), address });
