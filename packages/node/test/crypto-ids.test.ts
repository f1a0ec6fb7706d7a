import { cryptoIds } from '@recourse/node';
import { idsConformance } from '@recourse/testing';
import { expect, test } from 'vitest';

idsConformance('cryptoIds', async () => ({ ids: cryptoIds(), anotherWorker: cryptoIds, close: async () => {} }));

test('derives what it always derived: a changed rule would make a second deployment of an old command', () => {
  expect(cryptoIds().derive('command', '42')).toBe('43e74d735152532a95b0912b75ef85da1bc84e54');
});
