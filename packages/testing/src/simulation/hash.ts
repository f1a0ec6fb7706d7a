/** Two 32-bit lanes, mixed a character at a time: fast, the same everywhere, and nothing to do with security. */
export type Hash = Readonly<{ a: number; b: number }>;

export const hashStart: Hash = { a: 0xdeadbeef, b: 0x41c6ce57 };

export const hashed = ({ a: firstLane, b: secondLane }: Hash, text: string): Hash => {
  let a = firstLane;
  let b = secondLane;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul(b ^ code, 0x5f356495);
  }
  return { a, b };
};

/** 32 well-mixed bits of a text under a seed. */
export const bitsOf = (seed: number, text: string): number => {
  let a = seed | 0;
  for (let at = 0; at < text.length; at++) a = Math.imul(a ^ text.charCodeAt(at), 0x9e3779b1) ^ (a >>> 15);
  return mixed(a);
};

/** Spreads every bit over all the others (the finaliser of MurmurHash3). */
export const mixed = (bits: number): number => {
  let a = bits;
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
  a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return (a ^ (a >>> 16)) >>> 0;
};

export const hexOf = ({ a, b }: Hash): string =>
  mixed(a ^ (b >>> 7))
    .toString(16)
    .padStart(8, '0') + mixed(b).toString(16).padStart(8, '0');

/** As many hexadecimal digits as asked for, always the same for the same text: commit ids and digests. */
export const hexDigits = (text: string, count: number): string => {
  let digits = '';
  for (let part = 0; digits.length < count; part++)
    digits += bitsOf(part + 1, text)
      .toString(16)
      .padStart(8, '0');
  return digits.slice(0, count);
};
