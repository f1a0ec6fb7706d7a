/** How much a repository may take of this machine. */
export type Limits = Readonly<{
  /** For resolving a ref. 30 seconds by default. */
  resolveMs: number;
  /** For each fetch, and for waiting until others have fetched. 10 minutes by default. */
  fetchMs: number;
  /** What one fetch may receive. 4 GiB by default. Beyond it: `sources/refused`. */
  fetchBytes: number;
  /** For reading a tree to its end, at the reader's speed. 30 minutes by default. */
  treeMs: number;
  /** How long a tree's tar stream may be. 8 GiB by default. Beyond it: `sources/refused`. */
  treeBytes: number;
}>;

export const defaultLimits: Limits = {
  resolveMs: 30_000,
  fetchMs: 600_000,
  fetchBytes: 4 * 2 ** 30,
  treeMs: 1_800_000,
  treeBytes: 8 * 2 ** 30,
};
