/** Reads a tar as git, tar and Docker write it, for tests: names, kinds, contents. Throws on one that is cut short. */

export type TarEntry = Readonly<{ kind: 'file' | 'directory' | 'link' | 'other'; content: string; mode: number }>;

const block = 512;

export const untar = (tar: Uint8Array): ReadonlyMap<string, TarEntry> => {
  const bytes = Buffer.from(tar);
  const entries = new Map<string, TarEntry>();
  let at = 0;
  let pax: Readonly<Record<string, string>> = {};

  while (bytes[at] !== 0) {
    const header = bytes.subarray(at, at + block);
    const size = Number(pax['size'] ?? Number.parseInt(text(header, 124, 12), 8));
    const body = bytes.subarray(at + block, at + block + size);
    if (header.length < block || body.length < size) throw new Error(`The tar is cut short at byte ${bytes.length}.`);
    at += block + Math.ceil(size / block) * block;

    const type = text(header, 156, 1);
    if (type === 'x') pax = paxRecords(body);
    if (type === 'x' || type === 'g') continue;
    entries.set(pax['path'] ?? nameOf(header), {
      kind: kinds[type] ?? 'other',
      content: type === '2' ? (pax['linkpath'] ?? text(header, 157, 100)) : body.toString('utf8'),
      mode: Number.parseInt(text(header, 100, 8), 8),
    });
    pax = {};
  }
  // Two empty blocks are the end; without them more may have been meant to come.
  if (bytes.length < at + 2 * block) throw new Error('The tar has no end.');
  return entries;
};

const kinds: Readonly<Record<string, TarEntry['kind']>> = { '0': 'file', '': 'file', '5': 'directory', '2': 'link' };

const text = (header: Buffer, from: number, length: number) => {
  const field = header.subarray(from, from + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
};

const nameOf = (header: Buffer) => {
  const prefix = text(header, 345, 155);
  return prefix === '' ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`;
};

/** `<length> <key>=<value>\n`, the length counting itself, in bytes. */
const paxRecords = (body: Buffer): Readonly<Record<string, string>> => {
  const records: [string, string][] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(' ', at);
    const length = Number(body.toString('latin1', at, space));
    const record = body.toString('utf8', space + 1, at + length - 1);
    records.push([record.slice(0, record.indexOf('=')), record.slice(record.indexOf('=') + 1)]);
    at += length;
  }
  return Object.fromEntries(records);
};
