/** What this package asks of the engine to build. */
import type { Readable } from 'node:stream';
import type { CancelSignal } from '@recourse/core';
import type { BuildQuery } from '../requests.ts';
import { type Call, dial, type Engine } from './connection.ts';
import { type EngineMessage, messagesOf } from './messages.ts';

/** How long the engine may take to end a build that it was told to end, before the connection is cut. */
const ENDS_WITHIN_MS = 10_000;

/**
 * Hands over what the build says until it is over, successful, failed or cancelled: each of these is a message. A
 * build that is to be cancelled is followed to its end as well, so that afterwards nothing more comes of it. The
 * client's own method is not used: for BuildKit it opens a session that would hand one registry's credentials to any.
 */
export const build = (
  engine: Engine,
  query: BuildQuery,
  context: Readable,
  signal: CancelSignal,
  onMessage: (message: EngineMessage) => void,
): Call<void> =>
  engine(
    async (docker, abortSignal) => {
      const cut = new AbortController();
      let cutting: NodeJS.Timeout | undefined;
      const cancel = () => {
        cutting = setTimeout(() => cut.abort(), ENDS_WITHIN_MS);
        const request = {
          path: '/build/cancel?',
          method: 'POST',
          options: { _query: { id: query['buildid'] }, _body: {} },
        };
        dial(docker, { ...request, abortSignal, statusCodes: { 200: true } }).catch(() => cut.abort());
      };
      signal.addEventListener('abort', cancel);
      if (signal.aborted) cut.abort();
      try {
        const answer = await dial(docker, {
          path: '/build?',
          method: 'POST',
          options: { _query: query },
          file: context,
          isStream: true,
          abortSignal: AbortSignal.any([abortSignal, cut.signal]),
          statusCodes: { 200: true },
        });
        for await (const message of messagesOf(answer)) onMessage(message);
      } finally {
        signal.removeEventListener('abort', cancel);
        clearTimeout(cutting);
        context.destroy();
      }
    },
    { withinMs: null },
  );
