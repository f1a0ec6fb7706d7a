/** What a store is handed to keep: the text of what was given, or a refusal that says what is wrong with it. */
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { Instant } from '../../src/identity.ts';
import type { Json, NewEvent } from '../../src/ports/event-store.ts';
import {
  APPEND_BYTES_MAX,
  draftsOf,
  EVENT_BYTES_MAX,
  flawInStream,
  isMetadata,
  utf8Length,
} from '../../src/storing/index.ts';

const metadata = { recordedAt: Instant.parse(0), actor: 'ada', correlationId: 'd-1', causationId: 'click-1' };
const event = (over: object = {}): NewEvent => ({
  ...{ id: 'e-1', type: 'Opened', schemaVersion: 1, data: { a: 1 }, metadata },
  ...over,
});
const drafts = (...events: readonly NewEvent[]) => draftsOf('deployment-1', events);

const refusal = (answer: ReturnType<typeof draftsOf>) => {
  if (E.isRight(answer)) throw new Error('it was taken');
  return answer.left;
};
const invalid = (flaw: string) => ({
  kind: 'permanent',
  code: 'store/invalid-event',
  message: `Refused, and nothing was written: ${flaw}.`,
});

/** Data whose event, with its metadata, has so many bytes. */
const dataOf = (bytes: number): Json => 'x'.repeat(bytes - '""'.length - utf8Length(JSON.stringify(metadata)));

describe('events', () => {
  test('become text, in their order', () => {
    const second = event({ id: 'e-2', type: 'Closed', schemaVersion: 2, data: [null, 'é'] });
    expect(drafts(event(), second)).toEqual(
      E.right([
        { id: 'e-1', type: 'Opened', schemaVersion: 1, data: '{"a":1}', metadata: JSON.stringify(metadata) },
        { id: 'e-2', type: 'Closed', schemaVersion: 2, data: '[null,"é"]', metadata: JSON.stringify(metadata) },
      ]),
    );
  });

  test('may have names of 255 characters', () => {
    const name = 'x'.repeat(255);
    expect(draftsOf(name, [event({ id: name, type: name })])).toMatchObject({ _tag: 'Right' });
  });

  test('that are none are refused', () => {
    expect(refusal(drafts())).toEqual(invalid('events is empty'));
  });

  test('with the same id are refused', () => {
    const twice = drafts(event(), event({ id: 'e-2' }), event());
    expect(refusal(twice)).toEqual(invalid('events[2].id is given twice'));
  });

  test.each<[string, object]>([
    ['id has 0 characters, not 1 to 255', { id: '' }],
    ['id has 256 characters, not 1 to 255', { id: 'x'.repeat(256) }],
    ['id holds a NUL character', { id: 'a\0' }],
    ['type has 0 characters, not 1 to 255', { type: '' }],
    ['type holds half of a surrogate pair', { type: '\ud800' }],
    ['schemaVersion is not an integer', { schemaVersion: 0.5 }],
    ['schemaVersion is not an integer', { schemaVersion: '1' }],
    ['data.a is undefined, which JSON cannot say', { data: { a: undefined } }],
    ['metadata.actor holds a NUL character', { metadata: { ...metadata, actor: '\0' } }],
    ['metadata lacks recordedAt, actor, correlationId or causationId', { metadata: {} }],
  ])('are refused if of one of them %s', (flaw, over) => {
    expect(refusal(drafts(event({ id: 'good' }), event(over)))).toEqual(invalid(`events[1].${flaw}`));
  });

  test.each([
    ['', 'stream has 0 characters, not 1 to 255'],
    ['x'.repeat(256), 'stream has 256 characters, not 1 to 255'],
    ['a\0', 'stream holds a NUL character'],
    ['$all', 'stream starts with "$", which is kept for stores'],
  ])('for the stream %j are refused', (stream, flaw) => {
    expect(flawInStream(stream)).toBe(flaw);
    expect(refusal(draftsOf(stream, [event()]))).toEqual(invalid(flaw));
  });

  test('for a stream with a dollar elsewhere are taken', () => {
    expect(flawInStream('deployment-$1')).toBeNull();
  });
});

describe('of bytes', () => {
  test('an event may have a mebibyte, its metadata counted', () => {
    expect(drafts(event({ data: dataOf(2 ** 20) }))).toMatchObject({ _tag: 'Right' });
    expect(refusal(drafts(event(), event({ id: 'e-2', data: dataOf(2 ** 20 + 1) })))).toEqual({
      kind: 'permanent',
      code: 'store/too-large',
      message:
        'An event of 1048577 bytes is over the limit of 1048576 bytes, and nothing was written. Keep less in it.',
    });
  });

  test('are those of UTF-8', () => {
    const half = 'é'.repeat(EVENT_BYTES_MAX / 2);
    expect(refusal(drafts(event({ data: half }))).code).toBe('store/too-large');
  });

  test('an append may have four mebibytes', () => {
    const full = ['a', 'b', 'c'].map((id) => event({ id, data: dataOf(EVENT_BYTES_MAX) }));
    const rest = (bytes: number) => [dataOf(EVENT_BYTES_MAX - 1000), dataOf(bytes)];
    const append = (bytes: number) =>
      drafts(...full, ...rest(bytes).map((data, index) => event({ id: `rest-${index}`, data })));
    expect(append(1000)).toMatchObject({ _tag: 'Right' });
    expect(refusal(append(1001))).toEqual({
      kind: 'permanent',
      code: 'store/too-large',
      message: `An append of ${APPEND_BYTES_MAX + 1} bytes is over the limit of 4194304 bytes, and nothing was written. Keep less in it.`,
    });
  });
});

describe('metadata', () => {
  test('are who, when and why, and whatever else a store adds', () => {
    expect(isMetadata(metadata)).toBe(true);
    expect(isMetadata({ ...metadata, more: 1 })).toBe(true);
  });

  test.each(['recordedAt', 'actor', 'correlationId', 'causationId'])('are not without %s', (field) => {
    expect(isMetadata({ ...metadata, [field]: undefined })).toBe(false);
    expect(isMetadata(Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== field)))).toBe(false);
  });

  test.each<[string, unknown]>([
    ['nothing', null],
    ['undefined', undefined],
    ['a text', 'ada'],
    ['half a time', { ...metadata, recordedAt: 0.5 }],
    ['an actor that is a number', { ...metadata, actor: 1 }],
    ['a correlation that is a list', { ...metadata, correlationId: ['a'] }],
    ['a cause that is null', { ...metadata, causationId: null }],
  ])('are not %s', (_, value) => {
    expect(isMetadata(value)).toBe(false);
  });
});
