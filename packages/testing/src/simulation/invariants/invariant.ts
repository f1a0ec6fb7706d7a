import type { Fact } from '../facts.ts';
import type { Engine } from '../ports/engine.ts';
import type { SimRouter } from '../ports/router.ts';
import type { Log } from '../ports/store.ts';
import type { Truth } from '../truth.ts';

/** What an invariant may look at: what is, not what anybody believes. */
export type Scene = Readonly<{
  truth: Truth;
  engine: Engine;
  router: SimRouter;
  log: Log;
  /** Reads of the store may be behind, which is more than its port allows: not everybody has heard of everything. */
  readsLag: boolean;
}>;

/** Something that must always hold. It says what is wrong, or null. */
export type Invariant = Readonly<{
  id: string;
  /** At every fact, at the moment in which it becomes one. */
  on?: (fact: Fact) => string | null;
  /** When everything has settled. */
  atRest?: () => string | null;
}>;
