/** How the builder says no. */
import type { BuildOrder, PortError } from '@recourse/core';
import * as faults from './faults.ts';
import { plainText } from './plain-text.ts';

export const what = ({ commit }: BuildOrder): string => `The build of commit ${commit.slice(0, 12)}`;

export const cancelled = (order: BuildOrder): PortError => faults.cancelled('builder', what(order));

export const refused = (order: BuildOrder, why: string): PortError =>
  faults.permanent('builder/refused', `${what(order)} is not possible here. ${plainText(why, 1000)}`);

export const failed = (order: BuildOrder, why: string, lastLines: readonly string[]): PortError =>
  faults.permanent(
    'builder/failed',
    [`${what(order)} failed: ${plainText(why, 1000)}. The last lines of its output:`, ...lastLines].join('\n'),
  );

export const broken = (order: BuildOrder, why: string): PortError => ({
  kind: 'transient',
  code: 'builder/unreachable',
  message: `${what(order)} did not get through: ${plainText(why, 1000)}.`,
});
