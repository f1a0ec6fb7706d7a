import { InstanceId, type InstanceState, type PortError, type Runtime, type StepKey } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { connect, type Engine } from './api/connection.ts';
import { type Container, containerLogs, inspectContainer, listContainers } from './api/containers.ts';
import { endInstance } from './end-instance.ts';
import { portError } from './faults.ts';
import { defaultFileServer } from './file-server.ts';
import { lookAt } from './instance-state.ts';
import { containerOwner, ours } from './labels.ts';
import { lastLines } from './log-frames.ts';
import type { DockerRuntimeOptions } from './options.ts';
import { reachOf } from './reach.ts';
import { containerName } from './requests.ts';
import { startInstance } from './start-instance.ts';

/**
 * Instances as containers: without capabilities or new privileges, limited, at an address that stays the same for the
 * container's life. Docker starts them again after a crash, of the app, of itself or of the host. Variables are in the
 * container's configuration: whoever may use the engine can read them there.
 */
export const dockerRuntime = (options: DockerRuntimeOptions): Runtime => {
  const engine = connect(options);
  const setup = {
    engine,
    reach: reachOf(engine, options.reach ?? { by: 'address' }),
    fileServer: options.fileServer ?? defaultFileServer,
    policy: {
      capabilities: options.capabilities ?? [],
      pidsMax: options.pidsMax ?? 1024,
    },
  };
  return {
    start: (order, signal) => startInstance(setup, order, signal),
    inspect: (key) =>
      pipe(
        find(engine, key),
        TE.flatMap((container) =>
          container === null
            ? TE.right<PortError, InstanceState>({ state: 'gone' })
            : pipe(lookAt(engine, container), TE.mapLeft(portError('runtime', `Looking for the end of ${key}`))),
        ),
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

/** What is ours under this key. Something else of that name is left alone. */
const find = (engine: Engine, key: StepKey): TE.TaskEither<PortError, Container | null> =>
  pipe(
    inspectContainer(engine, containerName(key)),
    TE.bimap(portError('runtime', `Looking for the instance ${key}`), (container) =>
      container !== null && containerOwner(container.labels)?.key === key ? container : null,
    ),
  );
