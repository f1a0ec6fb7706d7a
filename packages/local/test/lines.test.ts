import { expect, test } from 'vitest';
import { lineReader } from '../src/lines.ts';

const lines = (...chunks: (string | Uint8Array)[]) => {
  const reader = lineReader();
  return [...chunks.flatMap((chunk) => reader.read(Buffer.from(chunk))), ...reader.rest()];
};

test('lines are put together across chunks, characters too', () => {
  const euro = Buffer.from('€');
  expect(lines('on', 'e\ntw', 'o', euro.subarray(0, 1), euro.subarray(1), '\n\nlast')).toEqual([
    'one',
    'two€',
    '',
    'last',
  ]);
  expect(lines('one\n')).toEqual(['one']);
  expect(lines()).toEqual([]);
});

test('what no store keeps and no terminal should obey is taken out', () => {
  expect(lines('\u001b[31mred\u001b[0m\0\u0007 \u001b]0;title\u0007x\ttab\n')).toEqual(['red x\ttab']);
  expect(lines('10%\r50%\r100%\r\nwindows\r\n')).toEqual(['100%', 'windows']);
  const [broken = ''] = lines(Uint8Array.of(0xff, 0xfe, 0x61));
  expect(broken.isWellFormed() && broken.endsWith('a')).toBe(true);
});

test('a line without end is held in a bounded piece', () => {
  const chunks = Array.from({ length: 1000 }, () => 'x'.repeat(10_000));
  expect(lines(...chunks, '\nnext')).toEqual(['x'.repeat(2000), 'next']);
});
