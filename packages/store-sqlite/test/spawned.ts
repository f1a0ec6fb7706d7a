import { spawner } from '../../../scripts/engines/spawned.ts';

export const spawned = spawner(import.meta.url);
