import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { Instant, type Json, type NewEvent } from '@recourse/core';
import { right } from '@recourse/testing';
import { onTestFinished } from 'vitest';
import { openSqliteStore } from '../src/index.ts';
import { temporaryFile } from './temporary-file.ts';

/** A store on a new file, and the file as other programs see it. All ends with the test. */
export const fresh = async (options: Readonly<{ lockTimeoutMs?: number }> = {}) => {
  const file = await temporaryFile();
  const openOne = async () => {
    const sqlite = await right(openSqliteStore({ file, ...options }));
    onTestFinished(() => sqlite.close());
    return sqlite;
  };
  const sqlite = await openOne();
  const outside = new DatabaseSync(file);
  onTestFinished(() => outside.close());
  return { file, sqlite, openOne, outside };
};

export const someEvent = (data: Json = null): NewEvent => ({
  id: randomUUID(),
  type: 'StepStarted',
  schemaVersion: 1,
  data,
  metadata: { recordedAt: Instant.parse(0), actor: 'ada', correlationId: 'c', causationId: 'k' },
});

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
