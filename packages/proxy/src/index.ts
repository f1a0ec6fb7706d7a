// The public surface of @recourse/proxy. What is not named here may change without notice.
export { type EnvironmentOf, environmentByHost, onlyEnvironment } from './environments.ts';
export {
  type InProcessProxy,
  type InProcessProxyOptions,
  inProcessProxy,
  type ProxyLimits,
} from './in-process-proxy.ts';
