/** What a Dockerfile may ask for before it is built. */

/**
 * The frontends that it names. BuildKit runs what a `# syntax=` line names, so every form that any version knows is
 * found, wherever in the comments above the first instruction it stands: `#`, `//`, after a `#!` line, in JSON.
 */
export const namedFrontends = (dockerfile: string): readonly string[] => {
  const text = dockerfile.replace(/^\uFEFF/, '');
  const head: string[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (!/^\s*(?:#|\/\/|$)/.test(line)) break;
    head.push(line);
  }
  // Trimmed afterwards: an expression that leaves out the spaces at the end tries at every space in the middle.
  const directives = head.flatMap((line) => /^\s*(?:#|\/\/)\s*syntax\s*=(.*)$/i.exec(line)?.[1]?.trim() ?? []);
  const json = /^\s*\{/.test(text.slice(head.join('\n').length))
    ? [...text.matchAll(/"syntax"\s*:\s*"([^"]*)"/gi)]
    : [];
  return [...directives, ...json.map(([, name = '']) => name)];
};
