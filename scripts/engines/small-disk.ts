/** A small disk for tests: it can be filled to the last byte, and is gone when the process that made it is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export type SmallDisk = Readonly<{
  folder: string;
  /** Leaves so many bytes free, or none. */
  fill(options?: Readonly<{ butBytes: number }>): Promise<void>;
  /** Makes room again. */
  free(): Promise<void>;
  remove(): Promise<void>;
}>;

const script = join(import.meta.dirname, 'small-disk.sh');

export const makeSmallDisk = async ({ kilobytes }: Readonly<{ kilobytes: number }>): Promise<SmallDisk> => {
  const folder = await mkdtemp(join(tmpdir(), 'recourse-disk-'));
  const child = spawn('bash', [script, folder, String(kilobytes)], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const [ended, said] = [once(child, 'close'), text(child.stderr)];
  await Promise.race([once(child.stdout, 'data'), ended]);
  if (child.exitCode !== null) {
    throw new Error(
      'A test of a full disk mounts a small one, which needs Linux and root (or CAP_SYS_ADMIN in a container): ' +
        (await said).trim(),
    );
  }

  const filler = join(folder, 'filler');
  return {
    folder,
    fill: async ({ butBytes } = { butBytes: 0 }) => {
      const file = await open(filler, 'a');
      try {
        for (const bytes of [PAGE * 16, PAGE]) while (await wasWritten(file, Buffer.alloc(bytes)));
        if (butBytes > 0) await file.truncate((await file.stat()).size - butBytes);
      } finally {
        await file.close();
      }
    },
    free: () => rm(filler),
    remove: async () => {
      child.stdin.end();
      await ended;
    },
  };
};

/** What such a disk gives out at once. */
const PAGE = 4096;

const wasWritten = async (file: FileHandle, bytes: Uint8Array): Promise<boolean> => {
  try {
    return (await file.write(bytes)).bytesWritten === bytes.length;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC') return false;
    throw cause;
  }
};
