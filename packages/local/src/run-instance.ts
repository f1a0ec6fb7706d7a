/** Starts an instance's processes so that they live on without the worker, and at most once, whoever asks. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from './failure.ts';
import { minimalEnvironment } from './minimal-environment.ts';

/**
 * Stands above the app, as the first process of its group:
 * - It writes down its own number before it starts anything, by a link that only one can make. So of all who start the
 *   same run, one runs, even if the worker that asked for it is already dead.
 * - It looks for `stopping` after that, and who stops looks for the number after `stopping`: one of them sees the other.
 * - It heeds SIGTERM until the app is there, and leaves it to the app from then on. Were it to catch it before, a stop
 *   that comes early would reach nobody.
 * - It keeps the log short, writes down the exit code, and takes everything that the app left running with it.
 *
 * Its arguments: the instance's folder, the number of the run, bytes of log, the app's PATH, then the app's own words,
 * untouched. It uses no variables but PATH, for the app's are in the same environment.
 */
const SCRIPT = `
PATH=$PATH:/usr/bin:/bin
echo $$ > "$1/$$.tmp" || exit 1
ln "$1/$$.tmp" "$1/$2.pid" 2>/dev/null || { rm -f "$1/$$.tmp"; exit 1; }
rm -f "$1/$$.tmp"
[ ! -e "$1/stopping" ] || exit 1
while sleep 5; do
  [ "$(wc -c < "$1/log")" -gt "$3" ] || continue
  tail -c "$(($3 / 2))" "$1/log" > "$1/log.before"; : > "$1/log"
done 2>/dev/null &
( PATH=$4; shift 4; exec "$@" ) &
trap : TERM INT HUP
wait "$!"; set -- "$1" "$2" "$?"
while kill -s 0 "$!" 2>/dev/null; do wait "$!"; set -- "$1" "$2" "$?"; done
echo "$3" > "$1/exit.tmp" && mv "$1/exit.tmp" "$1/$2.exit"
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
    const given = [folder, String(number), String(LOG_MAX_BYTES), environment['PATH'] ?? ''];
    const child = spawn('/bin/sh', ['-c', SCRIPT, id, ...given, ...argv], {
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
  for (const candidate of candidates) {
    // A folder may be "executed" too.
    if ((await exists(candidate, constants.X_OK)) && (await stat(candidate)).isFile()) return candidate;
  }
  return null;
};

export const exists = (file: string, mode = constants.F_OK): Promise<boolean> =>
  access(file, mode).then(
    () => true,
    (cause: unknown) => {
      if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(codeOf(cause) ?? '')) throw cause;
      return false;
    },
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
