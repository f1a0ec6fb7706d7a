// The public surface of @recourse/testing. What is not named here may change without notice.

export { some } from './arbitraries/some.ts';
export { type Walked, type WalkOptions, walk } from './arbitraries/walk/walk.ts';
export { type BuilderUnderTest, builderConformance } from './conformance/builder.ts';
export { type ClockUnderTest, clockConformance } from './conformance/clock.ts';
export { type EventStoreUnderTest, eventStoreConformance } from './conformance/event-store.ts';
export { eventually } from './conformance/eventually.ts';
export { type HealthProbeUnderTest, healthProbeConformance } from './conformance/health-probe.ts';
export { type History, type Operation, type Seen, type Violation, violations } from './conformance/history-checker.ts';
export { type IdsUnderTest, idsConformance } from './conformance/ids.ts';
export { type ImagesUnderTest, imagesConformance } from './conformance/images.ts';
export { left, right } from './conformance/outcome.ts';
export type { Project, Projects } from './conformance/projects.ts';
export { type RouterUnderTest, routerConformance } from './conformance/router.ts';
export { type App as TestApp, ask as askEnvironment, startApp as startTestApp } from './conformance/router-traffic.ts';
export { freshRawApp, type RawApp, speak } from './conformance/router-wire.ts';
export { type Runnable, type RuntimeUnderTest, runtimeConformance } from './conformance/runtime.ts';
export { type SecretsUnderTest, secretsConformance } from './conformance/secrets.ts';
export { type SnapshotsUnderTest, snapshotsConformance } from './conformance/snapshots.ts';
export { type SourcesUnderTest, sourcesConformance } from './conformance/sources.ts';
export { untar } from './conformance/untar.ts';
export {
  type DurableWorkQueueUnderTest,
  durableWorkQueueConformance,
  type WorkQueueUnderTest,
  workQueueConformance,
} from './conformance/work-queue.ts';
export type { Core } from './exhaustive/core.ts';
export { boundsOf, summaryOf, timelineOf } from './exhaustive/report.ts';
export { type Counterexample, type Explored, type ExploreOptions, explore } from './exhaustive/search.ts';
export type { Order, Space } from './exhaustive/space.ts';
export { fullSpaces, smallSpaces } from './exhaustive/spaces.ts';
export type { World as ExploredWorld } from './exhaustive/world.ts';
export { type Decider, scenarios } from './scenario.ts';
export { startTraffic, type Traffic, type TrafficOptions, type TrafficReport } from './traffic.ts';
