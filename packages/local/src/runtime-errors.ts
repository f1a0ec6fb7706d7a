/** How the local runtime says no. No message holds a variable's value. */
import type { PortError, StartOrder } from '@recourse/core';
import type { TarProblems } from './tar-entries.ts';

export const unreachable =
  (directory: string) =>
  (cause: unknown): PortError => ({
    kind: 'transient',
    code: 'runtime/unreachable',
    message: `Cannot work in ${directory}. Check that it is there, that this user may write to it, and that it has space.`,
    cause,
  });

export const cancelled = ({ key }: StartOrder): PortError => ({
  kind: 'transient',
  code: 'runtime/unreachable',
  message: `Starting ${key} was told to stop.`,
});

export const interrupted = ({ key }: StartOrder): PortError => ({
  kind: 'transient',
  code: 'runtime/unreachable',
  message: `${key} was stopped again and again while it was started.`,
});

export const imageGone = ({ image }: StartOrder): PortError => ({
  kind: 'permanent',
  code: 'runtime/image-gone',
  message: `The image ${image.name} (${image.digest}) is not here, or not whole. Pull it or build it again.`,
});

export const keyTaken = ({ key }: StartOrder, by: string): PortError => ({
  kind: 'permanent',
  code: 'runtime/key-taken',
  message: `Cannot start ${key}: there is ${by} under this key. Stop or remove that first.`,
});

export const startFailed = ({ key }: StartOrder, why: string): PortError => ({
  kind: 'permanent',
  code: 'runtime/start-failed',
  message: `Cannot start ${key}: ${why}`,
});

export const unpackProblems = (order: StartOrder): TarProblems => ({
  refused: (why) => startFailed(order, `its bundle cannot be unpacked. ${why}`),
  cancelled: () => cancelled(order),
  brokenOff: () => imageGone(order),
});
