/**
 * Text from outside, made fit to be kept for ever: short enough for its field, whole Unicode, no NUL. Engines and apps
 * say what they like when they fail; one character of it must not make an event that no store takes or nobody reads.
 */
export const readable = (text: string, lengthMax: number): string =>
  text.slice(0, lengthMax).toWellFormed().replaceAll('\0', '');
