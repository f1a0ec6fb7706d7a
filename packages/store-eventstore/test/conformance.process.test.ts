import { eventStoreConformance, snapshotsConformance } from '@recourse/testing';
import { opened, serverName } from './opened.ts';

eventStoreConformance(`openEventStoreDB, on ${serverName},`, async () => {
  const { store, openOne, disconnect, close } = await opened();
  return { store, another: async () => (await openOne()).store, disconnect, close };
});

snapshotsConformance(`openEventStoreDB, on ${serverName},`, async () => {
  const { snapshots, disconnect, close } = await opened();
  return { snapshots, disconnect, close };
});
