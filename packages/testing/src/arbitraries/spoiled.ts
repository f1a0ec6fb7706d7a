/** What no parser may choke on: anything at all, and what is right but for one part. */
import fc from 'fast-check';

const key = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'type', 'kind'),
);

/** Any value that a program can hold. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.anything({ key, withBigInt: true, withDate: true, withMap: true, withSparseArray: true }),
  },
  { weight: 1, arbitrary: fc.anything({ withBoxedValues: true, withNullPrototype: true, withTypedArray: true }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  // Its length cannot even be compared with a number.
  { weight: 1, arbitrary: fc.constant({ length: [{ toString: '' }] }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, -0, 2 ** 53, '', '\0', '\ud800', undefined, Symbol('junk')) },
);

/** Plain data of which one part, at any depth, was replaced by something else, or taken out, or got a neighbour. */
export const spoiled = (good: fc.Arbitrary<object>): fc.Arbitrary<unknown> =>
  fc
    .tuple(good, fc.nat(), junk, fc.constantFrom('replace' as const, 'take out' as const, 'add' as const), key)
    .map(([value, at, by, how, name]) => {
      const copy: object = JSON.parse(JSON.stringify(value));
      const parts = partsOf(copy);
      const part = parts[at % parts.length];
      if (part === undefined) return by;
      const { owner, field } = part;
      if (how === 'replace') return put(copy, owner, field, by);
      if (how === 'add') return put(copy, owner, name, by);
      Reflect.deleteProperty(owner, field);
      return copy;
    });

type Part = Readonly<{ owner: object; field: string }>;

const partsOf = (owner: object): readonly Part[] =>
  Object.entries(owner).flatMap(([field, value]) => [
    { owner, field },
    ...(typeof value === 'object' && value !== null ? partsOf(value) : []),
  ]);

/** As its own, also under a name that everybody inherits. */
const put = (whole: object, owner: object, field: string, value: unknown): object => {
  Object.defineProperty(owner, field, { value, enumerable: true, configurable: true, writable: true });
  return whole;
};

/** Far more than anybody sends: texts of 10 kB and a megabyte, lists nested 10,000 deep. */
export const large: readonly unknown[] = [
  ...['x', '/', '../', '\0', ':', '@', '=', '\n', '{"', 'é', '\ud800', '-'].flatMap((unit) => [
    unit.repeat(10_240 / unit.length),
    unit.repeat(1_000_000 / unit.length),
  ]),
  JSON.parse('['.repeat(10_000) + ']'.repeat(10_000)),
  JSON.parse(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`),
  Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`key${n}`, n])),
  Array.from({ length: 100_000 }, () => 'x'),
];
