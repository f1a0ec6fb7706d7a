/** A counterexample as a timeline that a person can follow, and a space in words. */
import type { Appended } from './move.ts';
import type { Counterexample, Explored } from './search.ts';
import type { Order, Space } from './space.ts';

const said = ({ stream, event }: Appended): string => {
  const step = 'step' in event && event.step !== null ? ` ${event.step}` : '';
  const fence = 'fence' in event ? ` #${event.fence}` : '';
  return `${stream}: ${event.type}${step}${fence}`;
};

export const timelineOf = ({ broken, path }: Counterexample): string => {
  const lines = path.flatMap(({ what, appended }, index) => [
    `${String(index + 1).padStart(4)}  ${what}`,
    ...appended.map((one) => `        ${said(one)}`),
  ]);
  return [...lines, `   =>  ${broken}`].join('\n');
};

const sources = { commit: '', branch: ' of a branch', image: ' of an image' };

const inWords = ({ environment, kind, source = 'commit', runnable = true }: Order): string =>
  `${kind}${sources[source]}${runnable ? '' : ' that cannot run by itself'} in ${environment}`;

export const boundsOf = ({ history, orders, workers, faults, attemptsMax, readsApart, interferes }: Space): string =>
  [
    `after ${history.map(inWords).join(', ') || 'nothing'}`,
    `asked for ${orders.map(inWords).join(', ')}`,
    `${workers} at work`,
    `${faults} faults`,
    `${attemptsMax} attempts a step`,
    ...(readsApart ? ['torn reads'] : []),
    ...(interferes ? ['cancelled and resumed at any moment'] : []),
  ].join('; ');

export const summaryOf = ({ states, transitions, depth, decisions, isComplete }: Explored): string =>
  `${states} states, ${transitions} transitions, ${decisions} decisions, depth ${depth}${isComplete ? '' : ', not complete'}`;
