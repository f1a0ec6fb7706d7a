import { z } from 'zod';

type Outcome<A> = Readonly<{ success: true; data: A } | { success: false; data?: undefined; error: z.ZodError }>;

/**
 * As `schema.safeParse`, which can throw: a limit of a text looks at `length` whatever it is given, and plain data may
 * hold one that cannot be compared, `{ "length": [{ "toString": "" }] }`.
 */
export const safelyParse = <Schema extends z.ZodType>(schema: Schema, value: unknown): Outcome<z.output<Schema>> => {
  try {
    const parsed = schema.safeParse(value);
    return parsed.success ? parsed : { success: false, error: new z.ZodError(parsed.error.issues) };
  } catch {
    const error = new z.ZodError([{ code: 'custom', path: [], message: 'cannot be read', input: undefined }]);
    return { success: false, error };
  }
};
