/** A search over many seeds, spread over threads: each has seeds of its own, and tells what it found at the end. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Campaign, type CampaignOptions, together } from '../../packages/testing/src/simulation/campaign.ts';

export type Share = Pick<CampaignOptions, 'from' | 'runs' | 'profiles' | 'findingsMax'>;
export type Told = Readonly<{ done: number; findings: number }> | Readonly<{ campaign: Campaign }>;

export type Search = Share & Readonly<{ threads: number; onProgress: (done: number, findings: number) => void }>;

export const search = async ({ from, runs, threads, onProgress, ...share }: Search): Promise<Campaign> => {
  const progress = new Map<number, Readonly<{ done: number; findings: number }>>();
  const each = Math.ceil(runs / threads);
  const shares = Array.from({ length: threads }, (_, at) => ({
    ...share,
    from: from + at * each,
    runs: Math.min(each, Math.max(0, runs - at * each)),
  }));
  const campaigns = await Promise.all(
    shares.map((one, at) =>
      searched(one, (told) => {
        progress.set(at, told);
        const all = [...progress.values()];
        onProgress(
          all.reduce((sum, { done }) => sum + done, 0),
          all.reduce((sum, { findings }) => sum + findings, 0),
        );
      }),
    ),
  );
  return together(campaigns);
};

const searched = async (
  share: Share,
  onProgress: (told: Readonly<{ done: number; findings: number }>) => void,
): Promise<Campaign> => {
  const worker = new Worker(new URL('./search-thread.ts', import.meta.url), {
    workerData: share,
    // A simulated world makes much that lives shortly: collected seldom, it costs a tenth less.
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  });
  let campaign: Campaign | null = null;
  worker.on('message', (told: Told) => {
    if ('campaign' in told) campaign = told.campaign;
    else onProgress(told);
  });
  const [code] = await once(worker, 'exit');
  if (campaign === null) throw new Error(`A thread of the search ended with ${code} and told nothing.`);
  return campaign;
};
