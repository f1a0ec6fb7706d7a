import { scenarios } from '@recourse/testing';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';

/** A door: it can be opened once, and never closed. */
const door = scenarios<'open' | 'close' | 'knock', number, 'opened', { code: 'stuck' }>({
  initial: 0,
  evolve: (opened) => opened + 1,
  decide: (command, opened) => {
    if (command === 'close') return E.left({ code: 'stuck' });
    return E.right(command === 'open' && opened === 0 ? ['opened'] : []);
  },
});

describe('given, when, then', () => {
  test('says what happens, that nothing does, and that it is refused', () => {
    door.given().when('open').thenHappens('opened');
    door.given('opened').when('open').thenNothing();
    door.given().when('close').thenRejected('stuck');
  });

  test.each([
    ['another thing happens', () => door.given().when('knock').thenHappens('opened')],
    ['something happens after all', () => door.given().when('open').thenNothing()],
    ['a refusal is not nothing', () => door.given().when('close').thenNothing()],
    ['a refusal is not an event', () => door.given().when('close').thenHappens()],
    ['nothing is not a refusal', () => door.given().when('knock').thenRejected('stuck')],
  ])('fails when %s', (_name, scenario) => {
    expect(scenario).toThrow();
  });
});
