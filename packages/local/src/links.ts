/** Where a symbolic link of a tree leads, reckoned without following any: the tree need not be on disk. */

/** As many links in a row as Linux follows. */
const HOPS_MAX = 40;

/**
 * Whether a path, followed through the links of the tree, ever steps out of it. `links` has each link's target by its
 * path. A loop leads nowhere, and is treated as a way out.
 */
export const leavesTree = (path: string, links: ReadonlyMap<string, string>): boolean => {
  const ahead = path.split('/').reverse();
  const at: string[] = [];
  let hops = 0;
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (at.pop() === undefined) return true;
      continue;
    }
    at.push(part);
    const target = links.get(at.join('/'));
    if (target === undefined) continue;
    hops += 1;
    if (hops > HOPS_MAX || target.startsWith('/')) return true;
    at.pop();
    ahead.push(...target.split('/').reverse());
  }
  return false;
};
