/** Looks again and again until what was asked for is so. For what an engine does in its own time. */
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 30_000;
const PAUSE_MS = 25;

/** The first answer for which `holds`; fails the test with the last answer when that takes too long. */
export const eventually = async <A>(look: () => Promise<A>, holds: (answer: A) => boolean): Promise<A> => {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await look();
    if (holds(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`waited in vain; the last answer was ${JSON.stringify(answer)}`);
    await sleep(PAUSE_MS);
  }
};
