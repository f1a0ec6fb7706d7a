/** `npm run explore`: searches the whole of each space, and tells how large it was. `-- --only NAME` searches one. */
import { parseArgs } from 'node:util';
import { boundsOf, explore, fullSpaces, type Space, smallSpaces, summaryOf, timelineOf } from '@recourse/testing';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    /** The spaces of the unit tests instead. */
    small: { type: 'boolean', default: false },
    /** The events that were appended somewhere, and how often. */
    events: { type: 'boolean', default: false },
  },
});

const MB = 1_000_000;

const search = (space: Space): boolean => {
  console.log(`\n${space.name}: ${boundsOf(space)}`);
  const began = process.cpuUsage();
  const explored = explore(space, {
    onProgress: (states, left) => console.error(`${states} states, ${left} of them to be looked at`),
  });
  const { user, system } = process.cpuUsage(began);
  const seconds = ((user + system) / 1_000_000).toFixed(0);
  const peak = (process.resourceUsage().maxRSS * 1_024) / MB;
  console.log(`${summaryOf(explored)}; ${seconds} s of CPU, ${peak.toFixed(0)} MB at most so far`);
  if (values.events) console.log([...explored.events].map(([type, times]) => `${times} ${type}`).join(', '));
  const { counterexample } = explored;
  if (counterexample !== null) console.log(`\n${timelineOf(counterexample)}`);
  return counterexample === null;
};

const wanted = (values.small ? smallSpaces : fullSpaces).filter(
  ({ name }) => values.only === undefined || name === values.only,
);
if (wanted.length === 0) throw new Error(`There is no space ${values.only}.`);
if (!wanted.map(search).every(Boolean)) process.exitCode = 1;
