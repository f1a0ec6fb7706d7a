/** All worlds that were met: each a whole row of numbers, never only its hash, and the row that it was met from. */

const ROWS_BITS = 14;
const ROWS = 1 << ROWS_BITS;
/** Beside the row itself: whence it was met, and where it goes if nothing more goes wrong. */
const BESIDE = 2;

export type Visited = Readonly<{
  /** The number of the row, and whether it is new. */
  meet(row: readonly number[], from: number): Readonly<{ number: number; isNew: boolean }>;
  row(number: number): Int32Array;
  from(number: number): number;
  peaceful(number: number): number;
  setPeaceful(number: number, next: number): void;
  count(): number;
}>;

const hashOf = (row: ArrayLike<number>, width: number): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < width; index++) {
    hash = Math.imul(hash ^ (row[index] ?? 0), 0x01000193);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0x5bd1e995);
  return (hash ^ (hash >>> 15)) >>> 0;
};

export const createVisited = (width: number): Visited => {
  const stride = width + BESIDE;
  const chunks: Int32Array[] = [];
  let count = 0;
  /** Open addressing; one more than the number of the row, 0 is free. */
  let slots = new Int32Array(1 << 16);

  const chunkOf = (number: number): Int32Array => {
    const chunk = chunks[number >>> ROWS_BITS];
    if (chunk === undefined) throw new Error(`There is no row ${number}.`);
    return chunk;
  };
  const placeOf = (number: number): number => (number & (ROWS - 1)) * stride;
  const row = (number: number): Int32Array => chunkOf(number).subarray(placeOf(number), placeOf(number) + width);

  const equals = (number: number, other: readonly number[]): boolean => {
    const chunk = chunkOf(number);
    const place = placeOf(number);
    for (let index = 0; index < width; index++) if (chunk[place + index] !== other[index]) return false;
    return true;
  };
  const grow = (): void => {
    slots = new Int32Array(slots.length * 2);
    for (let number = 0; number < count; number++) {
      let slot = hashOf(row(number), width) & (slots.length - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = number + 1;
    }
  };
  const add = (values: readonly number[], from: number): number => {
    if ((count & (ROWS - 1)) === 0) chunks.push(new Int32Array(ROWS * stride));
    const chunk = chunkOf(count);
    chunk.set(values, placeOf(count));
    chunk[placeOf(count) + width] = from;
    chunk[placeOf(count) + width + 1] = -1;
    return count++;
  };

  return {
    meet: (values, from) => {
      if (count * 2 > slots.length) grow();
      let slot = hashOf(values, width) & (slots.length - 1);
      for (;;) {
        const number = (slots[slot] ?? 0) - 1;
        if (number < 0) break;
        if (equals(number, values)) return { number, isNew: false };
        slot = (slot + 1) & (slots.length - 1);
      }
      slots[slot] = count + 1;
      return { number: add(values, from), isNew: true };
    },
    row,
    from: (number) => chunkOf(number)[placeOf(number) + width] ?? -1,
    peaceful: (number) => chunkOf(number)[placeOf(number) + width + 1] ?? -1,
    setPeaceful: (number, next) => {
      chunkOf(number)[placeOf(number) + width + 1] = next;
    },
    count: () => count,
  };
};
