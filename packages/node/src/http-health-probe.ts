/** A health probe over HTTP that trusts nothing of what it asks. */
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { Address, HealthAnswer, HealthProbe, PortError } from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';

const HEADER_MAX_BYTES = 16 * 1024;

/**
 * Asks with one GET on a connection of its own, to the very address given: it follows no redirect and uses no proxy,
 * and hangs up as soon as the status is known, so that no body is ever read. 2xx is healthy.
 *
 * Errors: `health/invalid-path` (permanent), nothing was sent. `health/cancelled` (transient) after the signal.
 * `health/unavailable` (transient) when this machine cannot ask: it has no sockets or ports left.
 */
export const httpHealthProbe = (): HealthProbe => ({
  check: (address, path, { timeoutMs, signal }) => {
    const options = requestTo(address, path);
    if (options === null) return async () => E.left(invalidPath(path));
    return () =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve(E.left(cancelled(address)));
        const asked = request(options);
        const settle = (outcome: E.Either<PortError, HealthAnswer>) => {
          clearTimeout(timer);
          signal.removeEventListener('abort', cancel);
          asked.destroy();
          resolve(outcome);
        };
        const cancel = () => settle(E.left(cancelled(address)));
        const timer = setTimeout(() => settle(E.right(unhealthy('timed out'))), timeoutMs);

        asked.on('response', (response) => settle(E.right(answerOf(response))));
        asked.on('upgrade', (response) => settle(E.right(answerOf(response))));
        // Destroying it makes it fail once more; a promise takes no second answer.
        asked.on('error', (cause) => settle(explain(address, cause)));
        signal.addEventListener('abort', cancel);
        asked.end();
      });
  },
});

/** Null for a path that does not stay on the request line. What is not ASCII is sent as its UTF-8, per cent encoded. */
export const requestTo = ({ host, port }: Address, path: string): RequestOptions | null => {
  if (!/^\/[^\s\p{Cc}]*$/u.test(path) || !path.isWellFormed()) return null;
  return {
    host,
    port,
    path: path.replace(/[^\x21-\x7e]/gu, encodeURIComponent),
    method: 'GET',
    headers: { accept: '*/*', 'user-agent': 'recourse-health-probe' },
    agent: new Agent({ keepAlive: false }),
    maxHeaderSize: HEADER_MAX_BYTES,
    insecureHTTPParser: false,
  };
};

const answerOf = ({ statusCode = 0 }: IncomingMessage): HealthAnswer => ({
  healthy: statusCode >= 200 && statusCode <= 299,
  detail: String(statusCode),
});

const unhealthy = (detail: string): HealthAnswer => ({ healthy: false, detail });

/** What an instance may do instead of answering. Whatever is not here is not the instance's doing. */
const answers = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'connection closed'],
  ['EPIPE', 'connection closed'],
  ['ETIMEDOUT', 'timed out'],
  ['EHOSTUNREACH', 'no route to host'],
  ['ENETUNREACH', 'no route to host'],
  ['ENOTFOUND', 'unknown host'],
  ['HPE_HEADER_OVERFLOW', 'headers too large'],
]);

const explain = (address: Address, cause: NodeJS.ErrnoException): E.Either<PortError, HealthAnswer> => {
  const code = cause.code ?? '';
  const detail = answers.get(code) ?? (code.startsWith('HPE_') ? 'not HTTP' : undefined);
  return detail === undefined ? E.left(unavailable(address, cause)) : E.right(unhealthy(detail));
};

const invalidPath = (path: string): PortError => ({
  kind: 'permanent',
  code: 'health/invalid-path',
  message: `The health path ${JSON.stringify(path.slice(0, 100))} must start with "/" and contain no spaces.`,
});

const cancelled = ({ host, port }: Address): PortError => ({
  kind: 'transient',
  code: 'health/cancelled',
  message: `The health check of ${host}:${port} was told to stop.`,
});

const unavailable = ({ host, port }: Address, cause: unknown): PortError => ({
  kind: 'transient',
  code: 'health/unavailable',
  message: `Cannot ask ${host}:${port} for its health. Check that this machine has sockets and ports left.`,
  cause,
});
