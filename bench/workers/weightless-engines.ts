/**
 * Engines that weigh nothing: what they answer follows from what they are asked, so any number of processes agree about
 * it, and what is measured is the store, the queue and the engine that decides.
 */
import { createHash } from 'node:crypto';
import { Digest, type Instance, InstanceId, type StepKey } from '@recourse/core';
import type { Ports } from '@recourse/engine';
import * as TE from 'fp-ts/lib/TaskEither.js';

type Weightless = Pick<Ports, 'images' | 'builder' | 'sources' | 'runtime' | 'health' | 'router'>;

/** `builds`: false for a builder that is at it for ever. */
export const weightlessEngines = ({ builds }: Readonly<{ builds: boolean }>): Weightless => ({
  sources: { resolve: () => TE.left(neverAsked), tree: () => TE.right(emptyTree()) },
  builder: {
    build: ({ key, commit }) =>
      builds
        ? TE.right({ image: { name: `app:${key}`, digest: digestOf(key), pullable: null }, commit, runnable: true })
        : () => new Promise(() => undefined),
  },
  images: {
    probe: () => TE.right('present'),
    pull: () => TE.right(undefined),
    resolve: () => TE.left(neverAsked),
    remove: () => TE.right(undefined),
    list: () => TE.right([]),
  },
  runtime: {
    start: ({ key }) => TE.right(instanceOf(key)),
    inspect: (key) => TE.right({ state: 'running', instance: instanceOf(key) }),
    stop: () => TE.right(undefined),
    logs: () => TE.right([]),
    list: () => TE.right([]),
  },
  health: { check: () => TE.right({ healthy: true, detail: '200' }) },
  router: {
    point: () => TE.right(undefined),
    where: () => TE.right(null),
    openRequests: () => TE.right(0),
  },
});

const neverAsked = { kind: 'permanent', code: 'bench/never-asked', message: 'The benchmark names commits.' } as const;

async function* emptyTree(): AsyncGenerator<Uint8Array> {}

const digestOf = (key: StepKey): Digest => Digest.parse(`sha256:${createHash('sha256').update(key).digest('hex')}`);

const instanceOf = (key: StepKey): Instance => ({
  id: InstanceId.parse(`i-${key}`),
  address: { host: '127.0.0.1', port: 80 },
});
