/** What a file of JSON says; undefined if it is none, such as a file that a power cut left empty. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
