/** One command, one connection, one answer, in bounded time. */
import { connect } from 'node:net';
import type { PortError } from '@recourse/core';
import * as TE from 'fp-ts/lib/TaskEither.js';

export type RuntimeSocketOptions = Readonly<{
  /** As in the configuration's `stats socket`, at level operator or above. */
  socketPath: string;
  /** For a whole command. Default 5 s. */
  timeoutMs?: number;
}>;

const answerBytesMax = 65_536;

export const say = (
  { socketPath, timeoutMs = 5_000 }: RuntimeSocketOptions,
  command: string,
): TE.TaskEither<PortError, string> =>
  TE.tryCatch(
    () =>
      new Promise<string>((resolve, reject) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        const socket = connect(socketPath);
        const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
        socket.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > answerBytesMax) socket.destroy(new Error(`an answer of more than ${answerBytesMax} bytes`));
        });
        socket.once('error', reject);
        socket.once('end', () => {
          const answer = Buffer.concat(chunks).toString();
          if (isWhole(answer)) resolve(answer);
        });
        socket.once('close', () => {
          clearTimeout(timer);
          reject(new Error('the connection was cut'));
        });
        socket.write(`${command}\n`);
      }),
    (cause) => unreachable(socketPath, cause),
  );

/** HAProxy ends every answer with an empty line. What was cut off must not be read as "none". */
const isWhole = (answer: string): boolean => answer === '\n' || answer.endsWith('\n\n');

const remedies: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file: check that HAProxy runs, and that its "stats socket" is at this path.',
  ECONNREFUSED: 'Nobody listens there: HAProxy has ended. Start it again.',
  EACCES: 'This user may not open it: check "user", "group" and "mode" of the "stats socket".',
};

export const unreachable = (socketPath: string, cause: unknown): PortError => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const what = cause instanceof Error ? cause.message : String(cause);
  return {
    kind: 'transient',
    code: 'router/unreachable',
    message: `HAProxy did not answer on its runtime socket ${socketPath}. ${remedies[code] ?? `${what}.`}`,
    cause,
  };
};
