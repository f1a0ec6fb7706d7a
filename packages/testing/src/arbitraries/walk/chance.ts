/** Chance that can be repeated: the same seed takes the same turns. While it is calm, every choice is the benign one. */
export type Chance = Readonly<{
  /** One of `count`, counted from 0. */
  pick(count: number): number;
  odds(perMille: number): boolean;
  calm(yes: boolean): void;
}>;

export const chanceFrom = (seed: number): Chance => {
  let state = seed | 0;
  let isCalm = false;

  /** Mulberry32: small, even enough, and the same on every machine. */
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };

  return {
    pick: (count) => (isCalm ? 0 : next() % count),
    odds: (perMille) => !isCalm && next() % 1000 < perMille,
    calm: (yes) => {
      isCalm = yes;
    },
  };
};
