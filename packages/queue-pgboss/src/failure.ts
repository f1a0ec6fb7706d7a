/** What PostgreSQL or pg-boss says when it cannot, in the port's words. */
import type { PortError } from '@recourse/core';

/** All of it may pass: a queue that cannot be asked loses no deployment, only time. */
export const unavailable = (doing: string, cause: unknown): PortError => ({
  kind: 'transient',
  code: 'queue/unavailable',
  message: `Cannot ${doing}: ${reasonOf(cause)}. Check that PostgreSQL runs, and that this user may use the schema.`,
  cause,
});

export const wasClosed: PortError = {
  kind: 'transient',
  code: 'queue/unavailable',
  message: 'The queue was closed. Open it again to use it.',
};

const reasonOf = (cause: unknown): string =>
  cause instanceof Error && cause.message !== '' ? cause.message : String(cause);
