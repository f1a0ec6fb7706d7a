import fc from 'fast-check';

/** One arbitrary for each member of a union: a new member does not compile until it has one. */
export type PerType<Union extends { type: string }> = {
  readonly [Name in Union['type']]: fc.Arbitrary<Extract<Union, { type: Name }>>;
};

/** A member of a union, by the arbitraries of its fields. */
export const typed = <Name extends string, Fields extends object>(
  type: Name,
  fields: { [Field in keyof Fields]: fc.Arbitrary<Fields[Field]> },
): fc.Arbitrary<{ type: Name } & Fields> => fc.record(fields).map((made) => ({ type, ...made }));
