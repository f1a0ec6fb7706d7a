/** Follows a build: passes on what it says as lines, no faster than a person reads, and keeps the last of them. */
import { StringDecoder } from 'node:string_decoder';
import type { BuildProgress } from '@recourse/core';
import type { EngineMessage } from './api/messages.ts';
import { plainText } from './plain-text.ts';
import { type BuildTrace, decodeTrace } from './trace.ts';

export type BuildOutput = Readonly<{
  onMessage(message: EngineMessage): void;
  /** The image that was made, or BuildKit's reason for making none; neither if it broke off. */
  result(): Readonly<{ imageId: string | null; error: string | null }>;
  lastLines(): readonly string[];
}>;

const LINES_KEPT = 20;
const LINE_MAX = 500;
const LINES_PER_SECOND = 200;

export const followBuild = (onProgress: (progress: BuildProgress) => void): BuildOutput => {
  const tell = throttled((text) => {
    try {
      onProgress({ text });
    } catch {
      // Whoever watches cannot make the build fail.
    }
  });
  const begun = new Set<string>();
  const kept: string[] = [];
  let imageId: string | null = null;
  let error: string | null = null;

  const { print, unfinished } = lineByLine((line) => {
    kept.push(line);
    if (kept.length > LINES_KEPT) kept.shift();
    tell(line);
  });
  const onTrace = ({ steps, output }: BuildTrace) => {
    for (const { name, running, cached } of steps) {
      if (!(running || cached) || begun.has(name) || isHousekeeping(name)) continue;
      begun.add(name);
      tell(plainText(cached ? `${name} (cached)` : name, LINE_MAX));
    }
    for (const { step, stream, bytes } of output) print(`${step} ${stream}`, bytes);
  };
  return {
    onMessage: (message) => {
      if (message.error !== undefined) error = message.error;
      if (message.id === 'moby.buildkit.trace' && typeof message.aux === 'string') onTrace(decodeTrace(message.aux));
      if (message.id === 'moby.image.id') imageId = idOf(message.aux) ?? imageId;
    },
    result: () => ({ imageId, error }),
    lastLines: () => [...kept, ...unfinished()].slice(-LINES_KEPT),
  };
};

/** How BuildKit gets at the tree: steps of no Dockerfile. */
const isHousekeeping = (name: string): boolean => name.startsWith('[internal]') || name === 'copy /context /';

const idOf = (aux: unknown): string | null =>
  typeof aux === 'object' && aux !== null && 'ID' in aux && typeof aux.ID === 'string' ? aux.ID : null;

/** Joins what was cut in the middle of a line or of a character. What no line ends is passed on when it is long. */
const lineByLine = (onLine: (line: string) => void) => {
  const open = new Map<string, { text: string; decoder: StringDecoder }>();
  return {
    print: (source: string, bytes: Uint8Array): void => {
      const state = open.get(source) ?? { text: '', decoder: new StringDecoder('utf8') };
      open.set(source, state);
      const lines = `${state.text}${state.decoder.write(Buffer.from(bytes))}`.split('\n');
      state.text = lines.pop() ?? '';
      if (state.text.length > LINE_MAX) {
        lines.push(state.text);
        state.text = '';
      }
      for (const line of lines) onLine(shown(line));
    },
    unfinished: (): readonly string[] =>
      [...open.values()].map(({ text }) => shown(text)).filter((line) => line !== ''),
  };
};

/** As a terminal leaves it: what was overwritten by a carriage return is gone. */
const shown = (line: string): string => {
  let end = line.length;
  while (line[end - 1] === '\r') end--;
  return plainText(line.slice(line.lastIndexOf('\r', end - 1) + 1, end), LINE_MAX);
};

const throttled = (tell: (text: string) => void) => {
  let [second, told, leftOut] = [0, 0, 0];
  return (text: string): void => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) {
      if (leftOut > 0) tell(`(${leftOut} lines left out)`);
      [second, told, leftOut] = [now, 0, 0];
    }
    if (told < LINES_PER_SECOND) tell(text);
    else leftOut++;
    told++;
  };
};
