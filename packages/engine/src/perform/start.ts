import type { Config, Effect, Instance, PortError } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Performing } from './perform.ts';

type Start = Extract<Effect, { type: 'Start' }>;

/** Starts the instance with its secrets, whose values exist from here to the runtime and nowhere else. */
export const startInstance = (start: Start, performing: Performing): TE.TaskEither<PortError, Instance> => {
  const { ports, request, signal } = performing;
  const { deployment, environment } = request;
  const { key, image, inputs, spec: run, config } = start;
  return pipe(
    readSecrets(config, performing),
    TE.flatMap((secrets) =>
      pipe(
        ports.runtime.start(
          {
            key,
            deployment,
            environment,
            image,
            inputs,
            run,
            variables: { ...config.variables, ...Object.fromEntries(secrets) },
          },
          signal,
        ),
        TE.mapLeft((error) => ({ ...error, message: redacted(error.message, secrets) })),
      ),
    ),
  );
};

type Secret = readonly [name: string, value: string];

const readSecrets = (config: Config, { ports }: Performing): TE.TaskEither<PortError, readonly Secret[]> =>
  TE.traverseSeqArray(([name, { reference }]: readonly [string, { reference: string }]) =>
    pipe(
      ports.secrets.read(reference),
      TE.map(({ value }): Secret => [name, value]),
    ),
  )(Object.entries(config.secrets));

/** An engine may repeat what it was given in its own words of failure. */
const redacted = (message: string, secrets: readonly Secret[]): string =>
  secrets.reduce((text, [, value]) => (value === '' ? text : text.replaceAll(value, '[redacted]')), message);
