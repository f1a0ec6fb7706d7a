/** What Node itself has to offer, at once: time, chance, HTTP and the variables of the process. */
import type { Clock, HealthProbe, Ids, Secrets } from '@recourse/core';
import { cryptoIds } from './crypto-ids.ts';
import { type EnvironmentSecretsOptions, environmentSecrets } from './environment-secrets.ts';
import { httpHealthProbe } from './http-health-probe.ts';
import { systemClock } from './system-clock.ts';

export type NodeHost = Readonly<{ clock: Clock; ids: Ids; health: HealthProbe; secrets: Secrets }>;

/** The four ports that most platforms take as they are; give `createRecourse` others beside it to replace one. */
export const nodeHost = (options: Readonly<{ secrets: EnvironmentSecretsOptions }>): NodeHost => ({
  clock: systemClock(),
  ids: cryptoIds(),
  health: httpHealthProbe(),
  secrets: environmentSecrets(options.secrets),
});
