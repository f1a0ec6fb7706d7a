/** Docker's framing of a container's output: a header of 8 bytes (stream, 0, 0, 0, length), then so many bytes. */
const HEADER = 8;

/** The last lines of both streams together, in the order in which they were printed. */
export const lastLines = (frames: Buffer, count: number): readonly string[] => {
  const open = new Map<number, string>();
  const lines: string[] = [];
  for (let at = 0; at + HEADER <= frames.length; ) {
    const stream = frames.readUInt8(at);
    const end = at + HEADER + frames.readUInt32BE(at + 4);
    const text = (open.get(stream) ?? '') + frames.toString('utf8', at + HEADER, end);
    const parts = text.split('\n');
    open.set(stream, parts.pop() ?? '');
    for (const line of parts) lines.push(line);
    at = end;
  }
  for (const unfinished of open.values()) if (unfinished !== '') lines.push(unfinished);
  return count === 0 ? [] : lines.slice(-count);
};
