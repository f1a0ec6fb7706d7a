/** What is searched: who asks for what, and how much may go wrong. Everything inside these bounds is looked at. */

export type Order = Readonly<{
  environment: 'shop' | 'blog';
  /** A push is a deploy that nobody waits for: it is held back after a rollback. */
  kind: 'deploy' | 'push' | 'rollback';
  /** Of a deploy: the commit itself, a branch, or an image that is not built here. */
  source?: 'commit' | 'branch' | 'image';
  /** Whether the image can run by itself; one that cannot is never reused. */
  runnable?: boolean;
}>;

export type Space = Readonly<{
  name: string;
  /** Carried out one after the other, in peace, before the search begins: what was live, and what is. */
  history: readonly Order[];
  /** Each is asked for at most once, at any moment, in any sequence. */
  orders: readonly Order[];
  /** How many are in the middle of something at once; a request of a dead one that is still to arrive counts as one. */
  workers: number;
  /** How often something outside may fail, in all. Workers die for nothing. */
  faults: number;
  /** How often each step is tried. */
  attemptsMax: number;
  /**
   * Whether a worker may read a deployment and its environment at different moments. If not, what it knows may be just
   * as old, but both are of the same moment.
   */
  readsApart: boolean;
  /** Whether somebody may cancel any deployment and resume automatic deploys at any moment. */
  interferes: boolean;
}>;
