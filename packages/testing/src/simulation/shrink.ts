/** Makes a failing run small: fewer and smaller choices, as long as the same invariant breaks. */
import type { Plan } from './choices.ts';

/** What was left of the choices, and how many runs it took. */
export type Shrunk = Readonly<{ plan: Plan; replays: number }>;

export type ShrinkOptions = Readonly<{
  /** Whether the run of this plan still fails in the same way. */
  fails: (plan: Plan) => Promise<boolean>;
  /** 600 by default; then it gives back what it has come to. */
  replaysMax?: number;
}>;

type Entry = readonly [name: string, value: number];
type Entries = readonly Entry[];

/**
 * First whole kinds of choices go (every slow answer, every lost message), then parts of what is left, ever smaller
 * ones (Zeller and Hildebrandt), then what remains is lowered; and again, as long as that makes it smaller.
 */
export const shrink = async (failing: Plan, { fails, replaysMax = 1_000 }: ShrinkOptions): Promise<Shrunk> => {
  let replays = 0;
  const oracle: Oracle = {
    stillFails: (entries) => {
      replays++;
      return fails(new Map(entries));
    },
    spent: () => replays >= replaysMax,
  };
  let entries: Entries = [...failing];
  for (let before = Number.POSITIVE_INFINITY; sizeOf(entries) < before && !oracle.spent(); ) {
    before = sizeOf(entries);
    entries = await withoutKinds(entries, oracle);
    entries = await withFewer(entries, oracle);
    entries = await withSmaller(entries, oracle);
  }
  return { plan: new Map(entries), replays };
};

/** Fewer choices count for more than smaller ones. */
const sizeOf = (entries: Entries): number => entries.reduce((sum, [, value]) => sum + 1_000 + value, 0);

type Oracle = Readonly<{ stillFails: (entries: Entries) => Promise<boolean>; spent: () => boolean }>;

/** `slow@store.read deployment-shop-c2#9` is one of all that is `slow`, and one of all `slow@store.read`. */
const kindsOf: readonly ((entry: Entry) => string)[] = [
  ([name]) => name.split('@')[0] ?? name,
  ([name]) => name.split(' ')[0] ?? name,
];

const withoutKinds = async (all: Entries, { stillFails, spent }: Oracle): Promise<Entries> => {
  let entries = all;
  for (const kindOf of kindsOf)
    for (const kind of new Set(entries.map(kindOf))) {
      const without = entries.filter((entry) => kindOf(entry) !== kind);
      // One of a kind is left to the finer search.
      if (spent() || entries.length - without.length < 2) continue;
      if (await stillFails(without)) entries = without;
    }
  return entries;
};

const withFewer = async (all: Entries, oracle: Oracle): Promise<Entries> => {
  let entries = all;
  let parts = 2;
  while (entries.length > 0 && !oracle.spent()) {
    const size = Math.ceil(entries.length / parts);
    const without = await firstThatFails(entries, size, oracle);
    if (without !== null) {
      entries = without;
      parts = Math.max(2, parts - 1);
    } else if (size <= 1) break;
    else parts = Math.min(entries.length, parts * 2);
  }
  return entries;
};

/** The entries without one part of them, if that still fails. What came last is the first to go. */
const firstThatFails = async (
  entries: Entries,
  size: number,
  { stillFails, spent }: Oracle,
): Promise<Entries | null> => {
  for (let to = entries.length; to > 0 && !spent(); to -= size) {
    const without = [...entries.slice(0, Math.max(0, to - size)), ...entries.slice(to)];
    if (await stillFails(without)) return without;
  }
  return null;
};

const withSmaller = async (all: Entries, { stillFails, spent }: Oracle): Promise<Entries> => {
  let entries = all;
  for (const [name, value] of all) {
    for (let lower = 1; lower < value && !spent(); lower = lower * 2 + 1) {
      const lowered = entries.map((entry): Entry => (entry[0] === name ? [name, Math.min(lower, value)] : entry));
      if (!(await stillFails(lowered))) continue;
      entries = lowered;
      break;
    }
  }
  return entries;
};
