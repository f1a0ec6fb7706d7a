/** Lets so many run at once, and the others in the order in which they came. */
export type Semaphore = <A>(use: () => Promise<A>) => Promise<A>;

export const semaphore = (permits: number): Semaphore => {
  const waiting: (() => void)[] = [];
  let free = permits;

  const taken = async () => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };

  const handOn = () => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };

  return async (use) => {
    await taken();
    try {
      return await use();
    } finally {
      handOn();
    }
  };
};
