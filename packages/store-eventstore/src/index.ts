// The public surface of @recourse/store-eventstore. What is not named here may change without notice.
export type { Credentials, EventStoreClient } from './client.ts';
export { type EventStoreDB, type EventStoreDBOptions, openEventStoreDB } from './open-event-store-db.ts';
