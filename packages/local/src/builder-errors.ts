/** How the local builder says no. */
import type { BuildOrder, PortError } from '@recourse/core';
import type { BuildRun } from './run-build.ts';
import type { TarProblems } from './tar-entries.ts';

const what = ({ commit }: BuildOrder) => `The build of commit ${commit.slice(0, 12)}`;

export const cancelled = (order: BuildOrder): PortError => ({
  kind: 'transient',
  code: 'builder/cancelled',
  message: `${what(order)} was told to stop.`,
});

export const refused = (order: BuildOrder, why: string): PortError => ({
  kind: 'permanent',
  code: 'builder/refused',
  message: `${what(order)} is not possible here. ${why}`,
});

export const failed = (order: BuildOrder, { why, tail }: Extract<BuildRun, { outcome: 'failed' }>): PortError => ({
  kind: 'permanent',
  code: 'builder/failed',
  message: [`${what(order)} ${why}. The last lines of its output:`, ...tail].join('\n'),
});

export const unreachable = (directory: string, cause: unknown): PortError => ({
  kind: 'transient',
  code: 'builder/unreachable',
  message: `Cannot build in ${directory}. Check that it is there, that this user may write to it, and that it has space.`,
  cause,
});

export const unpackProblems = (order: BuildOrder): TarProblems => ({
  refused: (why) => refused(order, `The source tree cannot be unpacked. ${why}`),
  cancelled: () => cancelled(order),
  brokenOff: (cause) => ({
    kind: 'transient',
    code: 'builder/unreachable',
    message: `${what(order)} did not get the whole source tree.`,
    cause,
  }),
});
