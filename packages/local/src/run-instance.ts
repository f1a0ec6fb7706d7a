/** Starts an instance's processes so that they live on without the worker, and at most once, whoever asks. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { minimalEnvironment } from './minimal-environment.ts';

/**
 * Stands above the app, as the first process of its group:
 * - It writes down its own number before it starts anything, by a link that only one can make. So of all who start the
 *   same run, one runs, even if the worker that asked for it is already dead.
 * - It looks for `stopping` after that, and who stops looks for the number after `stopping`: one of them sees the other.
 * - It keeps the log short, writes down the exit code, and takes everything that the app left running with it.
 *
 * Its arguments: the instance's folder, the number of the run, bytes of log, then the app's own words, untouched.
 */
const SCRIPT = `
dir=$1 run=$2 most=$3; shift 3
path=$PATH; PATH=$PATH:/usr/bin:/bin
trap : TERM INT HUP
echo $$ > "$dir/$$.tmp" || exit 1
ln "$dir/$$.tmp" "$dir/$run.pid" 2>/dev/null; claimed=$?
rm -f "$dir/$$.tmp"
[ "$claimed" = 0 ] || exit 1
[ ! -e "$dir/stopping" ] || exit 1
while sleep 5; do
  [ "$(wc -c < "$dir/log")" -gt "$most" ] || continue
  tail -c "$((most / 2))" "$dir/log" > "$dir/log.before"; : > "$dir/log"
done 2>/dev/null &
( PATH=$path; exec "$@" )
code=$?
echo "$code" > "$dir/exit.tmp" && mv "$dir/exit.tmp" "$dir/$run.exit"
kill -s KILL 0
`;

/** The file that says: no run of this instance begins any more. */
export const STOPPING = 'stopping';

/** The variable by which every process of an instance can be known on Linux. */
export const MARK = 'RECOURSE_INSTANCE';

const LOG_MAX_BYTES = 4 * 1024 * 1024;

export type Run = Readonly<{
  /** The instance's own word, by which its processes are known. */
  id: string;
  folder: string;
  number: number;
  argv: readonly string[];
  cwd: string;
  environment: Readonly<Record<string, string>>;
}>;

/** Whether this run is the one that began, or another of the same number is. False: it could not begin. */
export const runInstance = async ({ id, folder, number, argv, cwd, environment }: Run): Promise<boolean> => {
  const log = await open(join(folder, 'log'), 'a');
  try {
    const child = spawn('/bin/sh', ['-c', SCRIPT, id, folder, String(number), String(LOG_MAX_BYTES), ...argv], {
      cwd,
      env: environment,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    const over = new Promise<void>((done) => {
      child.once('exit', () => done());
      child.once('error', () => done());
    });
    child.unref();
    let waiting = true;
    void over.then(() => {
      waiting = false;
    });
    while (waiting && !(await exists(join(folder, `${number}.pid`)))) await sleep(5);
    return await exists(join(folder, `${number}.pid`));
  } finally {
    await log.close();
  }
};

/** Where the command's first word leads, or null if that is nothing that can be run. */
export const findProgram = async (word: string, cwd: string, path: string): Promise<string | null> => {
  const candidates = word.includes('/') ? [resolve(cwd, word)] : path.split(delimiter).map((dir) => join(dir, word));
  for (const candidate of candidates) if (await exists(candidate, constants.X_OK)) return candidate;
  return null;
};

export const exists = (file: string, mode = constants.F_OK): Promise<boolean> =>
  access(file, mode).then(
    () => true,
    () => false,
  );

/** What the app sees: its own variables, but where it listens is not its choice. */
export const environmentOf = (
  id: string,
  folder: string,
  port: number,
  variables: Readonly<Record<string, string>>,
): Record<string, string> => ({
  ...minimalEnvironment(folder),
  ...variables,
  HOST: '127.0.0.1',
  PORT: String(port),
  [MARK]: id,
});
