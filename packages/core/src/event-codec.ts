/**
 * Between an event of the domain and the plain data of a store. What comes out of a store is parsed, never trusted:
 * what is malformed, unknown or newer than this reader is a typed error, never a guess.
 */
import * as E from 'fp-ts/lib/Either.js';
import type { z } from 'zod';
import { DeploymentEvent } from './deployment/events.ts';
import { EnvironmentEvent } from './environment/events.ts';
import type { DeploymentId, EnvironmentId } from './identity.ts';
import type { Json, StoredEvent, StreamId } from './ports/event-store.ts';
import type { PortError } from './ports/port-error.ts';
import { readable } from './readable.ts';
import { safelyParse } from './safely-parse.ts';

type JsonObject = Readonly<Record<string, Json>>;

/**
 * The upcasts of each event type: the n-th one turns data of schema version n into version n + 1. A type without an
 * entry is at version 1. A published version is read for ever: entries are added, never removed.
 */
export type Upcasts = Readonly<Record<string, readonly ((data: JsonObject) => JsonObject)[]>>;

export type EventCodec<Event extends { type: string }> = Readonly<{
  /** Throws on an event that this reader would not take back: rather nothing than a stream that nobody can read. */
  encode(event: Event): Readonly<{ type: string; schemaVersion: number; data: Json }>;
  /** Errors: `events/malformed`, `events/newer` (an unknown type or a version above ours). Both permanent. */
  decode(
    stored: Pick<StoredEvent, 'type' | 'schemaVersion' | 'data' | 'stream' | 'version'>,
  ): E.Either<PortError, Event>;
}>;

export const eventCodec = <Event extends { type: string }>(
  schema: z.ZodType<Event>,
  types: readonly string[],
  upcasts: Upcasts,
): EventCodec<Event> => {
  const stepsOf = (type: string) => upcasts[type] ?? [];
  const versionOf = (type: string): number => stepsOf(type).length + 1;

  return {
    encode: (event) => {
      const { type, ...data } = event;
      const parsed = schema.safeParse(event);
      if (!parsed.success) throw new Error(`${type} cannot be recorded: ${problemOf(parsed.error)}`);
      return { type, schemaVersion: versionOf(type), data: toJson(data) };
    },

    decode: ({ type, schemaVersion, data, stream, version }) => {
      const where = `Event ${version} of stream ${stream}`;
      if (!types.includes(type)) return newer(`${where} is of the unknown type ${abridged(type)}.`);
      if (schemaVersion > versionOf(type))
        return newer(`${where} (${type}) has schema version ${schemaVersion}; this reader knows ${versionOf(type)}.`);
      if (!Number.isInteger(schemaVersion) || schemaVersion < 1)
        return malformed(`${where} (${type}) has schema version ${schemaVersion}, which never was.`);
      if (!isJsonObject(data) || Object.hasOwn(data, 'type'))
        return malformed(`${where} (${type}) is not an object of its fields.`);

      const current = upcasted(stepsOf(type).slice(schemaVersion - 1), data);
      if (current === null) return malformed(`${where} (${type}, version ${schemaVersion}) is not what it was then.`);
      const parsed = safelyParse(schema, { ...current, type });
      if (parsed.success) return E.right(parsed.data);
      return malformed(`${where} (${type}) does not parse: ${problemOf(parsed.error)}`);
    },
  };
};

/** Null: the data is not even of the version that it claims. An upcast trusts its input, which nobody has parsed. */
const upcasted = (steps: Upcasts[string], data: JsonObject): JsonObject | null => {
  try {
    return steps.reduce((older, upcast) => upcast(older), data);
  } catch {
    return null;
  }
};

const problemOf = ({ issues }: z.ZodError): string =>
  readable(issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '), 500);

const newer = (message: string): E.Either<PortError, never> =>
  E.left({ kind: 'permanent', code: 'events/newer', message: `${message} Upgrade the reader.` });

const malformed = (message: string): E.Either<PortError, never> =>
  E.left({ kind: 'permanent', code: 'events/malformed', message });

const abridged = (text: string): string => JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);

const isJsonObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Events are plain data by their schemas; going through JSON makes that certain. */
const toJson = (data: object): Json => JSON.parse(JSON.stringify(data));

const typesOf = (union: { options: readonly { shape: { type: { value: string } } }[] }): readonly string[] =>
  union.options.map(({ shape }) => shape.type.value);

export const deploymentEvents = eventCodec(DeploymentEvent, typesOf(DeploymentEvent), {});
export const environmentEvents = eventCodec(EnvironmentEvent, typesOf(EnvironmentEvent), {});

export const deploymentStream = (id: DeploymentId): StreamId => `deployment-${id}`;
export const environmentStream = (id: EnvironmentId): StreamId => `environment-${id}`;
