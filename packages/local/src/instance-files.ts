/** What is written down of an instance, and where. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeploymentId, Digest, EnvironmentId, InstanceId, StepKey, safelyParse } from '@recourse/core';
import { z } from 'zod';
import { codeOf } from './failure.ts';
import { ifPresent, type Layout } from './layout.ts';
import { parseJson } from './parse-json.ts';
import { hasArgument } from './process-identity.ts';

/** What does not change for as long as the instance exists. Never a variable's value. */
export const InstanceRecord = z.strictObject({
  format: z.literal(1),
  id: InstanceId,
  key: StepKey,
  deployment: DeploymentId,
  environment: EnvironmentId,
  digest: Digest,
  /** Chosen when the instance was made; a later run of it gets the same. */
  port: z.int().min(1).max(65535),
  /** The words that start the app. */
  start: z.array(z.string()).min(1),
});
export type InstanceRecord = z.infer<typeof InstanceRecord>;

export const RECORD = 'record.json';

/** The id is part of the path: what was meant for an instance that is gone does not reach the next one of its key. */
export const folderOf = ({ instances }: Layout, { key, id }: InstanceRecord): string => join(instances, key, id);

/** The instance under this key, or null if there is none of ours. */
export const findInstance = async (layout: Layout, key: StepKey): Promise<InstanceRecord | null> => {
  const names = await ifPresent(layout.instances, () => readdir(join(layout.instances, key))).catch(unlessForeign);
  for (const name of names ?? []) {
    const file = join(layout.instances, key, name, RECORD);
    const text = await ifPresent(layout.instances, () => readFile(file, 'utf8')).catch(unlessForeign);
    const record = safelyParse(InstanceRecord, text === null ? null : parseJson(text));
    if (record.success) return record.data;
  }
  return null;
};

/** A file where we have folders is not of ours. */
const unlessForeign = (cause: unknown): null => {
  if (codeOf(cause) === 'ENOTDIR') return null;
  throw cause;
};

/** A run of an instance: each start after an exit is the next one. `pid` is null if it never came that far. */
export type RunState = Readonly<{ number: number; pid: number | null; running: boolean; exitCode: number | null }>;

/** The latest run; number 0 if there was none. */
export const latestRun = async (layout: Layout, record: InstanceRecord): Promise<RunState> => {
  const folder = folderOf(layout, record);
  const files = (await ifPresent(layout.instances, () => readdir(folder))) ?? [];
  const numbers = files.flatMap((file) => (/^\d+\.pid$/.test(file) ? [Number.parseInt(file, 10)] : []));
  const number = Math.max(0, ...numbers);
  if (number === 0) return { number, pid: null, running: false, exitCode: null };

  const numberIn = async (file: string) => {
    const text = await ifPresent(layout.instances, () => readFile(join(folder, file), 'utf8'));
    return text === null ? null : Number.parseInt(text, 10);
  };
  const pid = await numberIn(`${number}.pid`);
  const running = pid !== null && (await hasArgument(pid, record.id));
  return { number, pid, running, exitCode: await numberIn(`${number}.exit`) };
};
