/** A plain git with more variables, as somebody might run it by hand: to show that a trap would work. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const runWith = async (
  variables: Readonly<Record<string, string>>,
  directory: string,
  argv: readonly string[],
): Promise<void> => {
  // Whether it succeeds is no matter: what it ran on the way is.
  const env = { PATH: process.env['PATH'], ...variables };
  await promisify(execFile)('git', argv, { cwd: directory, env, timeout: 20_000 }).catch(() => {});
};
