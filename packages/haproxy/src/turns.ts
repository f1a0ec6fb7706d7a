/** At most so many at once; the others wait in the order in which they came. */
export type Turns = Readonly<{
  /** Resolves when there is room. Whoever was let in calls what it gets, once, when it is done. */
  take: () => Promise<() => void>;
}>;

export const turns = (atOnce: number): Turns => {
  const waiting: (() => void)[] = [];
  let inside = 0;

  const leave = () => {
    const next = waiting.shift();
    if (next === undefined) inside -= 1;
    else next();
  };
  return {
    take: () =>
      new Promise((resolve) => {
        const enter = () => resolve(leave);
        if (inside === atOnce) waiting.push(enter);
        else {
          inside += 1;
          enter();
        }
      }),
  };
};
