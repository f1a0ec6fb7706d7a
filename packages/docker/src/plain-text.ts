import { stripVTControlCharacters } from 'node:util';

/** Colours take room as well. What is longer is cut before they are looked for, which takes time by its square. */
const RAW_PER_SHOWN = 4;

/** One line fit to be shown and stored: no colours or control characters, well-formed, at most `max` characters. */
export const plainText = (text: string, max: number): string =>
  stripVTControlCharacters(text.slice(0, RAW_PER_SHOWN * max))
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, max)
    .toWellFormed()
    .trimEnd();
