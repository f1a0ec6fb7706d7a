/** Reads a tar stream entry by entry, and is sure at the end that it was all there. */
import type { CancelSignal, PortError } from '@recourse/core';
import { type Extract, extract } from 'tar-stream';
import { Failure } from './failure.ts';

export type Entry = Extract extends AsyncIterable<infer Each> ? Each : never;

/** What a stream may do wrong: it is not a tree that can be taken apart here (`refused`), or it ended too early. */
export type TarProblems = Readonly<{
  refused: (why: string) => PortError;
  brokenOff: (cause: unknown) => PortError;
  cancelled: () => PortError;
}>;

const BLOCK = 512;

/** Entries come one at a time; each must be read, or told to `resume`, before the next. */
export async function* entriesOf(
  source: AsyncIterable<Uint8Array>,
  { problems, signal }: Readonly<{ problems: TarProblems; signal: CancelSignal }>,
): AsyncGenerator<Entry> {
  const entries = extract();
  const cancel = () => entries.destroy(new Failure(problems.cancelled()));
  signal.addEventListener('abort', cancel);
  if (signal.aborted) cancel();
  const feeding = feed(source, entries, problems);
  let end = 0;
  try {
    for await (const entry of entries) {
      end = entry.offset + BLOCK + Math.ceil(entry.header.size / BLOCK) * BLOCK;
      yield entry;
    }
    // A tar ends with two empty blocks. One that was cut off between two entries would else pass for a smaller tree.
    if ((await feeding) < end + 2 * BLOCK) throw new Error('Unexpected end of data');
  } catch (cause) {
    throw tarFailure(cause, problems) ?? new Failure(problems.refused('It is not a tar stream.'));
  } finally {
    signal.removeEventListener('abort', cancel);
    entries.destroy();
  }
}

/** The stream's own failure, wherever it is noticed first; undefined for anything else. */
export const tarFailure = (cause: unknown, { brokenOff }: TarProblems): Failure | undefined => {
  if (cause instanceof Failure) return cause;
  const early = cause instanceof Error && /^(Unexpected end of data|Premature close)$/.test(cause.message);
  return early ? new Failure(brokenOff(cause)) : undefined;
};

/** Gives the stream to the reader at the reader's pace; how many bytes. Lets go of it when the reader stops. */
const feed = async (
  source: AsyncIterable<Uint8Array>,
  entries: Extract,
  { brokenOff }: TarProblems,
): Promise<number> => {
  let given = 0;
  try {
    for await (const chunk of source) {
      if (entries.destroyed) return given;
      given += chunk.length;
      if (!entries.write(chunk)) await roomIn(entries);
    }
    entries.end(null);
  } catch (cause) {
    entries.destroy(new Failure(brokenOff(cause)));
  }
  return given;
};

const roomIn = (entries: Extract): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      entries.off('drain', go);
      entries.off('close', go);
      resolve();
    };
    entries.on('drain', go);
    entries.on('close', go);
  });
