import { DeploymentId } from '@recourse/core';
import { expect, test } from 'vitest';
import { createActivity, type Progress } from '../src/activity.ts';

const d1 = DeploymentId.parse('d-1');
const d2 = DeploymentId.parse('d-2');

test('a cancellation stops what is done for that deployment, as long as it is done', () => {
  const { begin, cancel } = createActivity();
  const stopped: string[] = [];
  begin(d1, () => stopped.push('d-1'));
  const ended = begin(d2, () => stopped.push('d-2'));
  ended();
  cancel(d1);
  cancel(d2);
  expect(stopped).toEqual(['d-1']);
});

test('a step that ends late does not take the hand away that stops the next one', () => {
  const { begin, cancel } = createActivity();
  const stopped: string[] = [];
  const first = begin(d1, () => stopped.push('first'));
  begin(d1, () => stopped.push('second'));
  first();
  cancel(d1);
  expect(stopped).toEqual(['second']);
});

test('progress is heard by all that listen, until they do not', () => {
  const { report, listen } = createActivity();
  const heard: Progress[] = [];
  const stop = listen((progress) => heard.push(progress));
  listen((progress) => heard.push(progress));
  report({ deployment: d1, text: 'building' });
  stop();
  report({ deployment: d1, text: 'built' });
  expect(heard.map(({ text }) => text)).toEqual(['building', 'building', 'built']);
});
