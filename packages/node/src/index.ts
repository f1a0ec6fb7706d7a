// The public surface of @recourse/node. What is not named here may change without notice.
export { cryptoIds } from './crypto-ids.ts';
export { type EnvironmentSecretsOptions, environmentSecrets } from './environment-secrets.ts';
export { httpHealthProbe } from './http-health-probe.ts';
export { type NodeHost, nodeHost } from './node-host.ts';
export { systemClock } from './system-clock.ts';
