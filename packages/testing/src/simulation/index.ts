// The simulated world, as others use it. What is not named here may change without notice.

export type {
  Adapters,
  SimulatedInstance,
  SimulatedProcess,
  SimulatedRequest,
  SimulatedWorld,
} from './adapters.ts';
export { type Campaign, type CampaignOptions, campaign, unseen, unvisited } from './campaign.ts';
export type { Plan } from './choices.ts';
export { isProfile, type ProfileName, profiles, type Rates } from './faults.ts';
export type { Counts } from './lab.ts';
export { type Finding, reportOf } from './report.ts';
export { type ShrinkOptions, type Shrunk, shrink } from './shrink.ts';
export { type Simulation, type SimulationOptions, simulate, type Violation } from './simulate.ts';
export { smallest } from './smallest.ts';
export type { TraceLine } from './trace.ts';
