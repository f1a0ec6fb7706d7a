/** The one thing that owns time and order. Whatever happens in a simulated world is an entry of its heap. */

type Entry = Readonly<{ at: number; order: number; happen: () => void }>;

export type Kernel = Readonly<{
  /** Virtual milliseconds since the beginning. */
  now(): number;
  /** How many entries have happened. */
  steps(): number;
  after(ms: number, happen: () => void): void;
  /** Said by what happens when it lets code of the library go on, which is then run until it waits again. */
  resumes(): void;
  /** Lets things happen, in order of time and then of arrival, until `over` says so or nothing is left. */
  run(over: () => boolean): Promise<void>;
}>;

/**
 * Promises run on their own, first in, first out. What is left to a tick from within one of them comes after the last,
 * and costs a tenth of a turn of the event loop.
 */
const afterAllPromises = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

export const createKernel = (): Kernel => {
  const heap: Entry[] = [];
  let now = 0;
  let order = 0;
  let steps = 0;
  let resumed = false;

  return {
    now: () => now,
    steps: () => steps,
    after: (ms, happen) => push(heap, { at: now + Math.max(0, Math.ceil(ms)), order: order++, happen }),
    resumes: () => {
      resumed = true;
    },
    run: async (over) => {
      await afterAllPromises();
      while (!over()) {
        const entry = pop(heap);
        if (entry === undefined) return;
        now = entry.at;
        steps++;
        entry.happen();
        if (!resumed) continue;
        resumed = false;
        await afterAllPromises();
      }
    },
  };
};

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

const push = (heap: Entry[], entry: Entry): void => {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !before(entry, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = entry;
};

const pop = (heap: Entry[]): Entry | undefined => {
  const [first] = heap;
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return last;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    if (left === undefined) break;
    const takesRight = right !== undefined && before(right, left);
    const child = takesRight ? right : left;
    if (!before(child, last)) break;
    heap[at] = child;
    at = 2 * at + (takesRight ? 2 : 1);
  }
  heap[at] = last;
  return first;
};
