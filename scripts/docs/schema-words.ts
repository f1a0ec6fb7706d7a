/** Says what a zod schema accepts, in a few words of Markdown. A schema that has a name is called by it. */
import { z } from 'zod';

type Schema = z.core.$ZodType;

/** A named schema, and a link to where it is explained. */
export type Names = ReadonlyMap<Schema, string>;

export const wordsFor =
  (names: Names) =>
  (schema: Schema): string => {
    const words = wordsFor(names);
    const name = names.get(schema);
    if (name !== undefined) return `[${name}](#${name.toLowerCase()})`;
    if (schema instanceof z.ZodNullable) return `${words(schema.unwrap())} or null`;
    if (schema instanceof z.ZodReadonly) return words(schema.unwrap());
    if (schema instanceof z.ZodArray) return `array of ${words(schema.element)}`;
    if (schema instanceof z.ZodRecord) return `record of name to ${words(schema.valueType)}`;
    if (schema instanceof z.ZodObject)
      return `{ ${Object.entries(schema.shape)
        .map(([field, value]) => `\`${field}\`: ${words(value)}`)
        .join(', ')} }`;
    return scalar(schema);
  };

const Scalar = z.object({
  type: z.enum(['string', 'integer', 'number', 'boolean']),
  enum: z.array(z.string()).optional(),
  const: z.string().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maximum: z.number().optional(),
});
type Scalar = z.infer<typeof Scalar>;

const scalar = (schema: Schema): string => {
  const said = Scalar.parse(z.toJSONSchema(schema));
  const one = said.const === undefined ? said.enum : [said.const];
  if (one !== undefined) return one.map((value) => `\`${value}\``).join(', ');
  return [said.type, said.type === 'string' ? lengths(said) : bounds(said)].filter((part) => part !== '').join(' ');
};

const lengths = ({ minLength = 0, maxLength }: Scalar): string =>
  maxLength === undefined ? '' : `of ${minLength} to ${maxLength} characters`;

const bounds = ({ minimum, exclusiveMinimum, maximum = Number.MAX_SAFE_INTEGER }: Scalar): string => {
  const from = minimum !== undefined && minimum > -Number.MAX_SAFE_INTEGER ? `from ${minimum}` : '';
  const above = exclusiveMinimum === undefined ? '' : `above ${exclusiveMinimum}`;
  const to = maximum < Number.MAX_SAFE_INTEGER ? `to ${maximum}` : '';
  return [from, above, to].filter((part) => part !== '').join(' ');
};
