/**
 * Chance, by name. A choice depends on the seed and on what it is called, never on what was chosen before it: taking
 * one fault out of a run leaves all the others as they were, which is what makes a failing run small.
 */
import { bitsOf, mixed } from './hash.ts';

/** The choices of a run that were not zero. Zero is always the harmless one, so this is the whole reproduction. */
export type Plan = ReadonlyMap<string, number>;

export type Choices = Readonly<{
  /** The next use of this name. */
  at(label: string): Moment;
  /** What came out other than zero, so far. */
  plan(): Plan;
}>;

/** One use of a name; each kind of choice in it is independent of the others. */
export type Moment = Readonly<{
  /** 0 to n - 1, each equally likely. */
  pick(kind: string, n: number): number;
  /** In so many of 1000 cases 1 to n, each equally likely; else 0. */
  rarely(kind: string, perMille: number, n: number): number;
}>;

/** Drawn from the seed. */
export const seededChoices = (seed: number): Choices => {
  const start = mixed(seed ^ 0x2545f491);
  const drawn = new Map<string, number>();
  return choicesOf(
    (name) => {
      let known: number | null = null;
      const bits = (): number => (known ??= bitsOf(start, name));
      const noted = (kind: string, value: number): number => {
        if (value !== 0) drawn.set(`${kind}@${name}`, value);
        return value;
      };
      return {
        pick: (kind, n) => noted(kind, n <= 1 ? 0 : mixed(bitsOf(bits(), kind)) % n),
        rarely: (kind, perMille, n) => {
          if (perMille === 0) return 0;
          const drawnNow = mixed(bitsOf(bits(), kind));
          return noted(kind, drawnNow % 1000 < perMille ? 1 + (mixed(drawnNow) % n) : 0);
        },
      };
    },
    () => drawn,
  );
};

/** Played back: what the plan does not name is zero. */
export const plannedChoices = (plan: Plan): Choices =>
  choicesOf(
    (name) => ({
      pick: (kind, n) => Math.min(plan.get(`${kind}@${name}`) ?? 0, n - 1),
      rarely: (kind, _perMille, n) => Math.min(plan.get(`${kind}@${name}`) ?? 0, n),
    }),
    () => plan,
  );

const choicesOf = (moment: (name: string) => Moment, plan: () => Plan): Choices => {
  const uses = new Map<string, number>();
  return {
    at: (label) => {
      const nth = uses.get(label) ?? 0;
      uses.set(label, nth + 1);
      return moment(`${label}#${nth}`);
    },
    plan,
  };
};
