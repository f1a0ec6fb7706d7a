// What every EventStore and Snapshots adapter decides in the same way, whatever it keeps events in.
export { subscriberFailed, wrongVersion } from './answers.ts';
export {
  APPEND_BYTES_MAX,
  type Draft,
  draftsOf,
  EVENT_BYTES_MAX,
  flawInStream,
  invalidEvent,
  isMetadata,
  tooLarge,
} from './draft.ts';
export { numberOf } from './numbered-position.ts';
export { type Placement, placementOf } from './placement.ts';
export { DEPTH_MAX, flawIn, flawInText, parsed, utf8Length } from './plain-json.ts';
export { SNAPSHOT_BYTES_MAX, snapshotText } from './snapshot-draft.ts';
