/** The tar of a commit, as its reader asks for it: git is started by the first read and ended by the last. */
import type { PortError } from '@recourse/core';
import { failureOf, refused, unreachable } from './failures.ts';
import type { Ended, RunningGit } from './git-process.ts';

export type TreeSource = Readonly<{
  /** For messages: the subject of a sentence. */
  what: string;
  bytesMax: number;
  start(): RunningGit;
  /** Called when git could not read what must be there. */
  onDamage(): Promise<unknown>;
}>;

/** Each iteration reads anew. It rejects with a PortError if it cannot be completed: a tar cut short is never an end. */
export const treeStream = (source: TreeSource): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]: () => read(source),
});

async function* read({ what, bytesMax, start, onDamage }: TreeSource): AsyncGenerator<Uint8Array, void, void> {
  const git = start();
  let bytes = 0;
  try {
    for await (const chunk of chunksOf(git)) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) throw thrown(refused(`${what} gives more than ${bytesMax} bytes (limits.treeBytes).`));
      yield chunk;
    }
    const ended = await git.ended;
    if (isWhole(ended)) return;
    if (ended.stopped === null && ended.code !== null) await onDamage();
    throw thrown(failureOf({ what, secrets: [] }, ended));
  } finally {
    git.stop('cancelled');
    await git.ended;
  }
}

async function* chunksOf({ stdout, ended }: RunningGit): AsyncGenerator<Uint8Array, void, void> {
  if (stdout === null) return;
  try {
    yield* stdout;
  } catch (cause) {
    // Closed under us because git was stopped, which is told by how it ended; or else for no reason that we know.
    stdout.destroy();
    if (isWhole(await ended)) throw thrown(unreachable('The output of git was cut short.', cause));
  }
}

const isWhole = ({ code, stopped }: Ended) => code === 0 && stopped === null;

/** An iteration can only throw; what it throws is a PortError all the same. */
const thrown = ({ kind, code, message, cause }: PortError): Error & PortError =>
  Object.assign(new Error(message, { cause }), { kind, code });
