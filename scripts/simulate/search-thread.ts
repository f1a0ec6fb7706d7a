/** One thread of a search. */
import { parentPort, workerData } from 'node:worker_threads';
import { campaign } from '../../packages/testing/src/simulation/campaign.ts';
import type { Share, Told } from './search.ts';

const TOLD_EVERY = 100;

const tell = (told: Told): void => parentPort?.postMessage(told);
const share: Share = workerData;

const found = await campaign({
  ...share,
  onRun: (done, findings) => {
    if (done % TOLD_EVERY === 0) tell({ done, findings });
  },
});
tell({ campaign: found });
