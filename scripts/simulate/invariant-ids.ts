/** Every promise that a simulated world is held to, in the order of docs/reliability.md, and why one is never alone. */
import { allInvariants } from '../../packages/testing/src/simulation/invariants/index.ts';

type Scene = Parameters<typeof allInvariants>[0];

/** Asked about nothing, an invariant says only its name. */
const nowhere = { readsLag: false } as Scene;

export const invariantIds: readonly string[] = [
  ...allInvariants(nowhere).map(({ id }) => id),
  ...['defect', 'readable', 'mends', 'settles', 'stays-settled'],
];

/** Why no change of one place is seen by this one and by no other. */
export const neverAlone: Readonly<Record<string, string>> = {
  fences:
    'A fence that does not grow is refused by the router or lets two act at once: then nothing settles, or `one-live` sees it. This one says earlier, and why.',
  'healthy-first':
    'An instance has to be found healthy twice, by its health check and right before the switch. One mistake gets past one of the two; what gets past both is stopped or replaced while it serves, which `stop-serving` or `one-live` sees.',
  snapshots:
    'A snapshot that is wrong misleads whoever decides by it, which `one-live`, `fences` or `well-formed` sees in what they do. Of a checkpoint that forgets somebody (`sweeper-forgets`) it is the first to know.',
  readable:
    'What is appended is checked when it is put into words: what nobody could read throws before it is written, which is a `defect` (`time-runs-back`). It is there for what a store of somebody else makes of an event.',
  'stays-settled':
    'Nobody has found a mistake of one place with which everything comes to its end and one thing goes on later. It says that the rest which `settles` saw was no pause.',
};
