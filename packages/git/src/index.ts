// The public surface of @recourse/git. What is not named here may change without notice.
export type { GitCredentials } from './credentials.ts';
export { defaultLimits, type Limits as GitLimits } from './limits.ts';
export { type GitSourcesOptions, gitSources } from './sources.ts';
export type { Transport as GitTransport } from './transport.ts';
