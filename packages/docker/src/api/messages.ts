/** The engine's answer to a long task: one JSON object a line, for as long as it lasts. */

import { Readable } from 'node:stream';

/** What this package reads of such a line. `id` and `aux` carry what a build says. */
export type EngineMessage = Readonly<{ error?: string; id?: string; aux?: unknown }>;

/** No line that the engine writes comes near this. */
const LINE_MAX = 64 * 1024 * 1024;

export async function* messagesOf(answer: unknown): AsyncGenerator<EngineMessage> {
  if (!(answer instanceof Readable)) throw new Error('The engine gave no answer that can be read.');
  let pending: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    let rest = Buffer.from(chunk);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const message = messageOf(Buffer.concat([...pending, rest.subarray(0, end)]));
      if (message !== null) yield message;
      rest = rest.subarray(end + 1);
      pending = [];
      size = 0;
    }
    pending.push(rest);
    size += rest.length;
    if (size > LINE_MAX) throw new Error(`The engine's answer has a line of more than ${LINE_MAX} bytes.`);
  }
  const last = messageOf(Buffer.concat(pending));
  if (last !== null) yield last;
}

const messageOf = (line: Buffer): EngineMessage | null => {
  const text = line.toString().trim();
  if (text === '') return null;
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null) return null;
  const { error, id, aux }: Readonly<{ error?: unknown; id?: unknown; aux?: unknown }> = parsed;
  return {
    ...(typeof error === 'string' ? { error } : {}),
    ...(typeof id === 'string' ? { id } : {}),
    ...(aux === undefined ? {} : { aux }),
  };
};
