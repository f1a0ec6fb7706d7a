/** Secrets from environment variables. */
import { createHmac } from 'node:crypto';
import type { PortError, Secrets } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';

export type EnvironmentSecretsOptions = Readonly<{
  /** Where the values are, by reference: usually `process.env`. Read at each call, so that a change is seen. */
  variables: Readonly<Record<string, string | undefined>>;
  /**
   * At least 16 characters that only this platform knows, the same for as long as fingerprints are to be compared.
   * Fingerprints are recorded with each release: without a key, anyone who reads them could try short values out.
   */
  fingerprintKey: string;
}>;

/** Throws if the key is too short, as it is put together. */
export const environmentSecrets = ({ variables, fingerprintKey }: EnvironmentSecretsOptions): Secrets => {
  if (fingerprintKey.length < 16) throw new RangeError('fingerprintKey must have at least 16 characters');

  return {
    read: (reference) => async () => {
      try {
        const value = Object.hasOwn(variables, reference) ? variables[reference] : undefined;
        if (value === undefined) return E.left(notFound(reference));
        return E.right({ value, fingerprint: fingerprint(fingerprintKey, reference, value) });
      } catch (cause) {
        return E.left(unreachable(reference, cause));
      }
    },
  };
};

/** The reference is part of it, so that two secrets with one value do not look alike. */
const fingerprint = (key: string, reference: string, value: string): string =>
  createHmac('sha256', key)
    .update(JSON.stringify([reference, value]))
    .digest('hex')
    .slice(0, 32);

const notFound = (reference: string): PortError => ({
  kind: 'permanent',
  code: 'secrets/not-found',
  message: `There is no secret ${abridged(reference)}. Set the environment variable of that name.`,
});

const unreachable = (reference: string, cause: unknown): PortError => ({
  kind: 'transient',
  code: 'secrets/unreachable',
  message: `Cannot read the secret ${abridged(reference)}.`,
  cause,
});

const abridged = (reference: string): string => JSON.stringify(reference.slice(0, 100));
