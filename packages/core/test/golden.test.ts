/**
 * What was ever stored is read for ever. These files are never edited: a change of an event is a new schema version
 * with an upcast, and a new folder of files beside this one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import {
  DeploymentEvent,
  deploymentEvents,
  EnvironmentEvent,
  environmentEvents,
  type Json,
  WakeUp,
} from '@recourse/core';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const golden = new URL('./golden/', import.meta.url);
const namesIn = (folder: string) => readdirSync(new URL(folder, golden)).sort();
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, golden), 'utf8'));

const Stored = z.object({ type: z.string(), schemaVersion: z.int(), data: z.custom<Json>() });

const typesOf = (union: typeof DeploymentEvent | typeof EnvironmentEvent): readonly string[] =>
  union.options.map(({ shape }) => shape.type.value);

const deploymentTypes = typesOf(DeploymentEvent);
const types = [...deploymentTypes, ...typesOf(EnvironmentEvent)];

describe('every event ever stored', () => {
  const versions = namesIn('.').filter((name) => /^v\d+$/.test(name));
  const files = versions.flatMap((version) => namesIn(version).map((name) => `${version}/${name}`));

  test.each(types)('%s has a golden file of every schema version', (type) => {
    const { schemaVersion } = Stored.parse(read(`v1/${type}.json`));
    expect(schemaVersion).toBe(1);
    const newest = Math.max(...files.filter((file) => new RegExp(`/${type}[.]`).test(file)).map(versionOf));
    const codec = deploymentTypes.includes(type) ? deploymentEvents : environmentEvents;
    expect(
      codec.decode({ ...Stored.parse(read(`v1/${type}.json`)), schemaVersion: newest + 1, ...where }),
    ).toMatchObject({
      left: { code: 'events/newer' },
    });
  });

  test.each(files)('%s is read', (file) => {
    const { type, schemaVersion, data } = Stored.parse(read(file));
    expect(file).toMatch(new RegExp(`^v${schemaVersion}/${type}(?:[.][a-z-]+)?[.]json$`));
    const decoded = deploymentTypes.includes(type)
      ? deploymentEvents.decode({ type, schemaVersion, data, ...where })
      : environmentEvents.decode({ type, schemaVersion, data, ...where });
    expect(decoded).toMatchObject({ _tag: 'Right', right: { type } });
  });

  test.each(files)('%s would be written the same today, if nothing newer replaced it', (file) => {
    const stored = Stored.parse(read(file));
    const written = deploymentTypes.includes(stored.type)
      ? E.map(deploymentEvents.encode)(deploymentEvents.decode({ ...stored, ...where }))
      : E.map(environmentEvents.encode)(environmentEvents.decode({ ...stored, ...where }));
    if (E.isLeft(written)) throw new Error(written.left.message);
    if (written.right.schemaVersion === stored.schemaVersion) expect(written.right).toEqual(stored);
    else expect(written.right.schemaVersion).toBeGreaterThan(stored.schemaVersion);
  });

  test('has a file, and a new type without one is noticed', () => {
    const withoutFile = (known: readonly string[]) => known.filter((type) => !files.includes(`v1/${type}.json`));
    expect(withoutFile(types)).toEqual([]);
    expect(withoutFile([...types, 'SlotPainted'])).toEqual(['SlotPainted']);
  });
});

const where = { stream: 'golden', version: 0 };
const versionOf = (file: string): number => Number(/^v(\d+)\//.exec(file)?.[1]);

describe('every wake-up ever queued', () => {
  test.each(namesIn('work-queue'))('%s is the same hint', (name) => {
    expect(WakeUp.parse(read(`work-queue/${name}`))).toEqual({ v: 1, deploymentId: 'd-1' });
  });

  test.each([
    ['a later version', { v: 2, deploymentId: 'd-1' }],
    ['no version at all', { v: null, deploymentId: 'd-1' }],
    ['nobody', { v: 1 }],
    ['nobody in particular', { v: 1, deploymentId: '' }],
    ['a path', { v: 1, deploymentId: '../d-1' }],
    ['a number', { v: 1, deploymentId: 7 }],
    ['a list', [{ v: 1, deploymentId: 'd-1' }]],
    ['a text', 'd-1'],
    ['nothing', null],
  ])('a message that names %s is not guessed at', (_name, message) => {
    expect(WakeUp.safeParse(message).success).toBe(false);
  });
});
