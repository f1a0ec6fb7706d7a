/** The spaces that are searched here. Each is complete within its bounds. */
import type { Order, Space } from './space.ts';

const deploy: Order = { environment: 'shop', kind: 'deploy' };
const push: Order = { environment: 'shop', kind: 'push' };
const rollback: Order = { environment: 'shop', kind: 'rollback' };
const ofBranch: Order = { ...deploy, source: 'branch' };
const ofImage: Order = { ...deploy, source: 'image' };
const unrunnable: Order = { ...deploy, runnable: false };

const usual = {
  history: [],
  workers: 2,
  faults: 0,
  attemptsMax: 2,
  readsApart: false,
  interferes: true,
} satisfies Partial<Space>;

/** As much as a unit test may take: some seconds of one core. */
export const smallSpaces: readonly Space[] = [
  { ...usual, name: 'one deploy, two workers', orders: [deploy], readsApart: true },
  { ...usual, name: 'one deploy, two workers, one failure', orders: [deploy], faults: 1, attemptsMax: 1 },
  { ...usual, name: 'a rollback, two workers', history: [deploy, deploy], orders: [rollback], readsApart: true },
  { ...usual, name: 'a rollback, one failure', history: [ofBranch, deploy], orders: [rollback], workers: 1, faults: 1 },
  { ...usual, name: 'a rollback and a push', history: [deploy, deploy], orders: [rollback, push], workers: 1 },
];

/** Minutes, and some hundred megabytes: `npm run explore`. */
export const fullSpaces: readonly Space[] = [
  { ...usual, name: 'one-deploy', orders: [ofBranch], faults: 2, readsApart: true },
  { ...usual, name: 'two-deploys', orders: [deploy, deploy], faults: 1 },
  { ...usual, name: 'rollback', history: [deploy, deploy], orders: [rollback], faults: 1, readsApart: true },
  { ...usual, name: 'rollback-and-deploy', history: [deploy, deploy], orders: [rollback, deploy] },
  { ...usual, name: 'rollback-and-push', history: [deploy, deploy], orders: [rollback, push], workers: 1, faults: 1 },
  { ...usual, name: 'three', history: [deploy, deploy], orders: [rollback, deploy, push], workers: 1 },
  {
    ...usual,
    name: 'without-source',
    history: [ofImage, unrunnable, deploy],
    orders: [rollback],
    workers: 1,
    faults: 2,
  },
  { ...usual, name: 'two-environments', orders: [ofImage, { ...ofImage, environment: 'blog' }] },
];
