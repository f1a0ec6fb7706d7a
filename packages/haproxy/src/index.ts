// The public surface of @recourse/haproxy. What is not named here may change without notice.
export {
  environmentByFirstLabel,
  environmentByHost,
  type HaproxyConfigOptions,
  type HaproxyLimits,
  haproxyConfig,
  luaFile,
  onlyEnvironment,
} from './config.ts';
export { type HaproxyRouterOptions, haproxyRouter } from './router.ts';
