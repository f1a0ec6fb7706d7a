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
  /** True in so many of 1000 cases. */
  chance(kind: string, perMille: number): boolean;
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
        chance: (kind, perMille) =>
          perMille > 0 && noted(kind, mixed(bitsOf(bits(), kind)) % 1000 < perMille ? 1 : 0) === 1,
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
      chance: (kind) => (plan.get(`${kind}@${name}`) ?? 0) > 0,
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
