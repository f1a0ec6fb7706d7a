/** The environment of what this package starts: nothing of the platform's own variables, which hold its secrets. */
import { delimiter, dirname } from 'node:path';

export const minimalEnvironment = (home: string): Record<string, string> => ({
  // `node` is the one that runs the platform.
  PATH: [dirname(process.execPath), process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(delimiter),
  HOME: home,
  TMPDIR: home,
  LANG: 'C.UTF-8',
});
