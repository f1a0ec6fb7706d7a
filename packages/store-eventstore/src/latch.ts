/** Something to wait on. What happens between two waits is not missed: the next one passes at once. */
export type Latch = Readonly<{
  /** Lets the wait under way pass, or the next one. */
  open(): void;
  /** Waits until it is opened, or for that time. Waiting for a time keeps the process alive. */
  wait(ms?: number): Promise<void>;
}>;

export const latch = (): Latch => {
  let opened = false;
  let release = () => {};

  return {
    open: () => {
      opened = true;
      release();
    },
    wait: async (ms) => {
      let timer: NodeJS.Timeout | undefined;
      if (!opened) {
        await new Promise<void>((resolve) => {
          release = resolve;
          if (ms !== undefined) timer = setTimeout(resolve, ms);
        });
      }
      clearTimeout(timer);
      opened = false;
    },
  };
};
