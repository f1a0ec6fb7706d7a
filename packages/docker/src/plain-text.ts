import { stripVTControlCharacters } from 'node:util';

/** One line fit to be shown and stored: no colours or control characters, well-formed, at most `max` characters. */
export const plainText = (text: string, max: number): string =>
  stripVTControlCharacters(text)
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, max)
    .toWellFormed()
    .trimEnd();
