// The public surface of @recourse/engine. What is not named here may change without notice.

export { Fault, orFault } from './fault.ts';
export type { HistoryEntry, HistoryPage, UnreadableEntry } from './history.ts';
export type { CancelInput, DeployInput, HistoryInput, PlanInput, ResumeInput } from './input.ts';
export type { RollbackOption } from './plan.ts';
export type { Ports, RecourseOptions } from './ports.ts';
export type { EnvironmentOverview } from './projection/overview.ts';
export { createRecourse, type Recourse, type RollbackInput } from './recourse.ts';
export type { Requested } from './request.ts';
export type { Settled } from './settle.ts';
export type { Watched, WatchOptions } from './watch.ts';
export type { Worker, WorkOptions } from './worker.ts';
