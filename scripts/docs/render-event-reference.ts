/** The reference of everything that is recorded, refused and retried, from the schemas themselves. */
import { dirname, join } from 'node:path';
import {
  DeploymentEvent,
  defaultPolicy,
  deploymentEvents,
  EnvironmentEvent,
  type EventCodec,
  environmentEvents,
  RUNS_MAX,
  renderRejection,
  type StepPolicy,
} from '@recourse/core';
import { z } from 'zod';
import { deploymentMeanings, environmentMeanings } from './event-meanings.ts';
import { type NamedType, namedTypes } from './named-types.ts';
import { rejections } from './rejection-samples.ts';
import { wordsFor } from './schema-words.ts';

export const referenceFile = join(dirname(dirname(import.meta.dirname)), 'docs', 'reference', 'events.md');

const words = wordsFor(new Map(namedTypes.map(({ name, schema }) => [schema, name])));

type Composed = z.ZodObject | z.ZodDiscriminatedUnion;

const isComposed = (type: NamedType): type is NamedType & Readonly<{ schema: Composed }> =>
  type.schema instanceof z.ZodObject || type.schema instanceof z.ZodDiscriminatedUnion;

const composed = namedTypes.filter(isComposed);
const plain = namedTypes.filter((type) => !isComposed(type));

/** What it accepts, rather than its name. */
const unnamed = wordsFor(new Map());

export const renderEventReference = (): string =>
  `${[
    '<!-- Made by `npm run docs` from the schemas in packages/core. Do not edit. -->',
    '# Events, refusals, limits',
    'What is stored for ever, what is answered instead, and how often a step is tried.',
    'How streams and versions work: [events](../concepts/events.md).',
    `## The stream of a deployment, \`deployment-<id>\``,
    ...events(DeploymentEvent.options, deploymentMeanings, deploymentEvents),
    `## The stream of an environment, \`environment-<id>\``,
    ...events(EnvironmentEvent.options, environmentMeanings, environmentEvents),
    '## Types',
    ...composed.flatMap(({ name, schema, says }) => [`### ${name}`, says, typeOf(schema)]),
    '### Plain values',
    table(
      ['type', 'is', 'means'],
      plain.map(({ name, schema, says }) => [`<a id="${name.toLowerCase()}"></a>${name}`, unnamed(schema), says]),
    ),
    '## Refusals',
    'A refusal is `Left(Rejection)`: it appended nothing and disturbed nothing. `renderRejection` makes these sentences.',
    refusals(),
    '## Steps: limits and retries',
    'The defaults of `policy` in `createRecourse`. A failure that is `transient` is tried again, after a pause that ' +
      'doubles from the first to the longest; so is a deadline. One that is `permanent` is not, with one exception: ' +
      'an image that went away between the look and the start is looked for, or built, again. A step that ' +
      `${RUNS_MAX} workers began and none came back from counts as failed (\`engine/abandoned\`).`,
    policies(),
  ].join('\n\n')}\n`;

type Meaning = Readonly<{ says: string; fields: Readonly<Record<string, string>> }>;

const events = (
  options: readonly z.ZodObject<Readonly<{ type: z.ZodLiteral<string> } & Record<string, z.core.$ZodType>>>[],
  meanings: Readonly<Record<string, Meaning>>,
  codec: EventCodec<{ type: string }>,
): readonly string[] =>
  options.flatMap(({ shape: { type, ...fields } }) => {
    const meaning = meanings[type.value];
    if (meaning === undefined) throw new Error(`${type.value} has no meaning in event-meanings.ts`);
    const rows = Object.entries(fields).map(([field, schema]) => [
      `\`${field}\``,
      words(schema),
      meaning.fields[field],
    ]);
    const version = versionOf(type.value, codec);
    return [
      `### ${type.value}`,
      version === 1 ? meaning.says : `${meaning.says} Schema version ${version}.`,
      rows.length === 0 ? 'It has no fields.' : table(['field', 'type', 'meaning'], rows),
    ];
  });

/** A codec tells which version is its newest by which one is newer. */
const versionOf = (type: string, codec: EventCodec<{ type: string }>): number => {
  for (let schemaVersion = 1; ; schemaVersion++) {
    const decoded = codec.decode({ type, schemaVersion, data: {}, stream: 'none', version: 0 });
    if (decoded._tag === 'Left' && decoded.left.code === 'events/newer') return schemaVersion - 1;
  }
};

const typeOf = (schema: Composed): string =>
  schema instanceof z.ZodObject
    ? table(
        ['field', 'type'],
        Object.entries(schema.shape).map(([field, value]) => [`\`${field}\``, words(value)]),
      )
    : schema.options.map((option) => `- ${words(option)}`).join('\n');

const refusals = (): string =>
  table(
    ['code', 'message', 'remedy', 'from'],
    Object.entries(rejections).flatMap(([code, { from, samples }]) =>
      samples.map((sample) => {
        const { message, remedy } = renderRejection(sample);
        return [`\`${code}\``, message, remedy, from];
      }),
    ),
  );

const policies = (): string =>
  table(
    ['step', 'deadline', 'attempts', 'first pause', 'longest pause'],
    Object.entries(defaultPolicy).map(
      ([step, { deadlineMs, attemptsMax, backoffMs, backoffMaxMs }]: [string, StepPolicy]) => [
        `\`${step}\``,
        `${deadlineMs / 1000} s`,
        attemptsMax === null ? 'until it succeeds' : String(attemptsMax),
        `${backoffMs} ms`,
        `${backoffMaxMs} ms`,
      ],
    ),
  );

const table = (head: readonly string[], rows: readonly (readonly (string | undefined)[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
