/** The lines of what a process prints, fit for people and for every store, in bounded memory. */
import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';

const LINE_MAX = 2000;

/** A line longer than 2000 characters loses its end. What was printed last counts as a line without a line break. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let begun = '';
  for await (const chunk of chunks) {
    const [first = '', ...more] = decoder.write(Buffer.from(chunk)).split('\n');
    begun = (begun + first).slice(0, LINE_MAX);
    for (const next of more) {
      yield clean(begun);
      begun = next.slice(0, LINE_MAX);
    }
  }
  if (begun !== '') yield clean(begun);
}

/** Without colours and other control characters; a progress bar shows what it showed last. */
const clean = (line: string): string =>
  stripVTControlCharacters(line.replace(/\r+$/, '').replace(/^.*\r/s, ''))
    .replace(/[\p{Cc}]/gu, (control) => (control === '\t' ? control : ''))
    .toWellFormed();
