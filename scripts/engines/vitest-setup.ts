import { startPrivateDockerEngine } from './docker.ts';
import { shareEngine } from './shared.ts';

/** Before the first engine test of a run. Nothing starts until a test asks; what it returns ends it all. */
export const setup = (): Promise<() => Promise<void>> => shareEngine(startPrivateDockerEngine);
