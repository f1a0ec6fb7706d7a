/**
 * The tar form of a bundle, made here byte by byte: a digest must not change because a library was updated. Owners are
 * 0, times are 1970 and only the executable bit is kept, so that equal files are equal bytes.
 */

export type TarEntry = Readonly<
  { path: string } & (
    | { type: 'directory' }
    | { type: 'file'; size: number; executable: boolean }
    | { type: 'symlink'; target: string }
  )
>;

const BLOCK = 512;
const NAME_MAX_BYTES = 100;
const flags = { file: '0', symlink: '2', directory: '5' } as const;

/** What stands before an entry's content. */
export const headerOf = (entry: TarEntry): Buffer => {
  const path = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  const target = entry.type === 'symlink' ? entry.target : '';
  const long = [...longField('path', path), ...longField('linkpath', target)].join('');
  const executable = entry.type !== 'file' || entry.executable;
  const header = block(
    path,
    flags[entry.type],
    executable ? 0o755 : 0o644,
    entry.type === 'file' ? entry.size : 0,
    target,
  );
  if (long === '') return header;
  const length = Buffer.byteLength(long);
  return Buffer.concat([block('pax', 'x', 0o644, length, ''), Buffer.from(long), padding(length), header]);
};

/** What fills an entry's content up to whole blocks. */
export const padding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

/** What stands after the last entry. */
export const endOfTar: Buffer = Buffer.alloc(2 * BLOCK);

const longField = (name: string, value: string): string[] =>
  Buffer.byteLength(value) > NAME_MAX_BYTES ? [paxRecord(name, value)] : [];

/** `<length> <name>=<value>\n`, where the length counts its own digits. */
const paxRecord = (name: string, value: string): string => {
  const rest = ` ${name}=${value}\n`;
  const digits = (length: number) => String(length).length;
  let length = Buffer.byteLength(rest) + 1;
  while (length !== Buffer.byteLength(rest) + digits(length)) length = Buffer.byteLength(rest) + digits(length);
  return `${length}${rest}`;
};

const block = (path: string, flag: string, mode: number, size: number, target: string): Buffer => {
  const octal = (value: number, width: number) => value.toString(8).padStart(width - 1, '0');
  const header = Buffer.alloc(BLOCK);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(' '.repeat(8), 148);
  header.write(flag, 156);
  header.write('ustar\u000000', 257);
  Buffer.from(path).copy(header, 0, 0, NAME_MAX_BYTES);
  Buffer.from(target).copy(header, 157, 0, NAME_MAX_BYTES);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 7)}\0 `, 148);
  return header;
};
