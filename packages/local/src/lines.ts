/** The lines of what a process prints, fit for people and for every store, in bounded memory. */
import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';

const LINE_MAX = 2000;

/** Takes chunks and gives the lines that are complete. A line longer than 2000 characters loses its end. */
export const lineReader = (): Readonly<{
  read: (chunk: Uint8Array) => readonly string[];
  /** What was begun and got no line break. */
  rest: () => readonly string[];
}> => {
  const decoder = new StringDecoder('utf8');
  let begun = '';
  return {
    read: (chunk) => {
      const parts = decoder.write(Buffer.from(chunk)).split('\n');
      parts[0] = begun + parts[0];
      begun = (parts.pop() ?? '').slice(0, LINE_MAX);
      return parts.map((line) => clean(line.slice(0, LINE_MAX)));
    },
    rest: () => (begun === '' ? [] : [clean(begun)]),
  };
};

/** Without colours and other control characters; a progress bar shows what it showed last. */
const clean = (line: string): string => {
  if (!/[\p{Cc}\p{Cs}]/u.test(line)) return line;
  return stripVTControlCharacters(line.replace(/\r+$/, '').replace(/^.*\r/s, ''))
    .replace(/\p{Cc}/gu, (control) => (control === '\t' ? control : ''))
    .toWellFormed();
};
