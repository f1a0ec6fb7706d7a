/** The last of what an instance printed. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { lineReader } from './lines.ts';

const READ_MAX_BYTES = 1024 * 1024;

/** At most what the last megabyte holds. `log.before` is what was cut off the log when it had grown too long. */
export const lastLines = async (folder: string, count: number): Promise<readonly string[]> => {
  if (count <= 0) return [];
  const chunks = [await lastBytes(join(folder, 'log.before')), await lastBytes(join(folder, 'log'))];
  const lines = lineReader();
  return [...lines.read(Buffer.concat(chunks).subarray(-READ_MAX_BYTES)), ...lines.rest()].slice(-count);
};

const lastBytes = async (file: string): Promise<Buffer> => {
  const handle = await open(file).catch(() => null);
  if (handle === null) return Buffer.alloc(0);
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, READ_MAX_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
};
