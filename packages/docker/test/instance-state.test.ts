import { expect, test } from 'vitest';
import type { Container } from '../src/api/containers.ts';
import { isBetweenCrashes, stateOf } from '../src/instance-state.ts';

const running: Container = {
  id: 'abc',
  imageId: 'sha256:x',
  labels: {},
  status: 'running',
  exitCode: 0,
  startedAt: 1_000_000,
  restarts: 0,
  address: { host: '127.0.0.1', port: 20_001 },
};

test('a container that runs is an instance at its address', () => {
  const instance = { id: 'abc', address: { host: '127.0.0.1', port: 20_001 } };
  expect(stateOf(running)).toEqual({ state: 'running', instance });
  expect(stateOf({ ...running, status: 'paused' })).toEqual({ state: 'running', instance });
});

test('one that ended tells its exit code, one that was never started has none', () => {
  expect(stateOf({ ...running, status: 'exited', exitCode: 3 })).toEqual({ state: 'exited', exitCode: 3 });
  expect(stateOf({ ...running, status: 'restarting', exitCode: 3 })).toEqual({ state: 'exited', exitCode: 3 });
  expect(stateOf({ ...running, status: 'created' })).toEqual({ state: 'exited', exitCode: null });
});

test('one that Docker restarted is between crashes until it has run for a while', () => {
  const restarted = { ...running, restarts: 1 };
  expect(isBetweenCrashes(restarted, 1_000_100)).toBe(true);
  expect(isBetweenCrashes(restarted, 1_060_000)).toBe(false);
  expect(isBetweenCrashes(running, 1_000_100)).toBe(false);
});
