/** One command, one connection, one answer, in bounded time. */
import { connect } from 'node:net';
import type { PortError } from '@recourse/core';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { turns } from './turns.ts';

export type RuntimeSocketOptions = Readonly<{
  /** As in the configuration's `stats socket`, at level operator or above. */
  socketPath: string;
  /** For a whole command, with the wait for the commands before it. Default 5 s. */
  timeoutMs?: number;
}>;

/** HAProxy's own default is to serve ten at once and to turn the next ten away. */
const atOnce = 8;

const answerBytesMax = 65_536;

export type RuntimeSocket = (command: string) => TE.TaskEither<PortError, string>;

export const runtimeSocket = ({ socketPath, timeoutMs = 5_000 }: RuntimeSocketOptions): RuntimeSocket => {
  const room = turns(atOnce);

  const say = async (command: string): Promise<string> => {
    const signal = AbortSignal.timeout(timeoutMs);
    const leave = await room.take();
    try {
      return await exchange(socketPath, command, signal);
    } catch (cause) {
      throw signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : cause;
    } finally {
      leave();
    }
  };
  return (command) =>
    TE.tryCatch(
      () => say(command),
      (cause) => unreachable(socketPath, cause),
    );
};

const exchange = (socketPath: string, command: string, signal: AbortSignal): Promise<string> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const chunks: Buffer[] = [];
    let bytes = 0;
    const socket = connect({ path: socketPath, signal });
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
    socket.once('close', () => reject(new Error('the connection was cut')));
    socket.write(`${command}\n`);
  });

/** HAProxy ends every answer with an empty line. What was cut off must not be read as "none". */
const isWhole = (answer: string): boolean => answer === '\n' || answer.endsWith('\n\n');

const remedies: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file: check that HAProxy runs, and that its "stats socket" is at this path.',
  ECONNREFUSED: 'Nobody listens there: HAProxy has ended. Start it again.',
  EAGAIN: 'Too many are asking at once: raise "stats maxconn" in its configuration.',
  EACCES: 'This user may not open it: check "user", "group" and "mode" of the "stats socket".',
};

const unreachable = (socketPath: string, cause: unknown): PortError => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const what = cause instanceof Error ? cause.message : String(cause);
  return {
    kind: 'transient',
    code: 'router/unreachable',
    message: `HAProxy did not answer on its runtime socket ${socketPath}. ${remedies[code] ?? `${what}.`}`,
    cause,
  };
};
