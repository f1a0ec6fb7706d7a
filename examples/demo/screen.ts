/** Lines for a person: with colours on a terminal, plain in a pipe. */
import { stdout } from 'node:process';
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const paint = (style: Style, text: string): string => (stdout.isTTY ? styleText(style, text) : text);

const began = performance.now();

/** Seconds since the demo began. */
const at = (): string => `${((performance.now() - began) / 1000).toFixed(2).padStart(7)} s`;

export const title = (text: string): void => console.log(`\n${paint(['bold', 'cyan'], `== ${text}`)}`);
export const say = (text: string): void => console.log(`${paint('dim', at())}  ${text}`);
export const aside = (text: string): void => console.log(`${paint('dim', `${at()}    ${text}`)}`);
export const good = (text: string): void => console.log(`${paint('dim', at())}  ${paint('green', `✓ ${text}`)}`);
export const bad = (text: string): void => console.log(`${paint('dim', at())}  ${paint('red', `✗ ${text}`)}`);
export const table = (rows: readonly (readonly string[])[]): void => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const [index, row] of rows.entries()) {
    const line = row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
    console.log(`  ${index === 0 ? paint('bold', line) : line}`);
  }
};
