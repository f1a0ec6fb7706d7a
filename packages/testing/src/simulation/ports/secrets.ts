import type { PortError, Secrets } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { call } from '../call.ts';
import { hexDigits } from '../hash.ts';
import type { Lab } from '../lab.ts';
import type { Process } from '../process.ts';

/** In every secret value: whoever finds it anywhere else has found a leak. */
export const CANARY = 'canary-7f3a';

export const simSecrets = (lab: Lab, process: Process): Secrets => ({
  read: (reference) =>
    call<Readonly<{ value: string; fingerprint: string }>>(lab, process, {
      operation: 'secrets.read',
      subject: reference,
      unreachable: 'secrets/unreachable',
      carryOut: (answer) =>
        answer(
          reference === 'missing'
            ? E.left(notFound(reference))
            : E.right({ value: `${CANARY}-${reference}`, fingerprint: hexDigits(reference, 8) }),
        ),
    }),
});

const notFound = (reference: string): PortError => ({
  kind: 'permanent',
  code: 'secrets/not-found',
  message: `There is no secret ${reference}.`,
});
