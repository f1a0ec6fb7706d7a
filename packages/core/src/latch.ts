/** Something to wait on. What happens between two waits is not missed: the next one passes at once. */
export type Latch = Readonly<{
  /** Lets the wait under way pass, or the next one. */
  open(): void;
  /** Waits until it is opened. For no longer than a time: let a timer open it. */
  wait(): Promise<void>;
}>;

export const latch = (): Latch => {
  let opened = false;
  let release = () => {};

  return {
    open: () => {
      opened = true;
      release();
    },
    wait: async () => {
      if (!opened) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      opened = false;
    },
  };
};
