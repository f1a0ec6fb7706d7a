/** What the demo runs on: Recourse's ports on some engines, and where its traffic arrives. */
import type { EnvironmentId, PortError } from '@recourse/core';
import { type DeployInput, orFault, type RecourseOptions } from '@recourse/engine';
import { gitSources } from '@recourse/git';
import { nodeHost } from '@recourse/node';
import { openSqliteStore } from '@recourse/store-sqlite';

export type Platform = Readonly<{
  /** In a few words, for the title. */
  engines: string;
  options: RecourseOptions;
  url: URL;
  workload: DeployInput['workload'];
  /** A static binary that the app's repository must bring along; null if it needs none. */
  busybox: string | null;
  close(): Promise<void>;
}>;

export type OpenPlatform = (folder: string, environment: EnvironmentId) => Promise<Platform>;

/** The ports that are the same whatever runs the app. */
export const commonPorts = async (folder: string) => {
  const sqlite = await orFault(openSqliteStore({ file: `${folder}/recourse.db` }));
  return {
    close: sqlite.close,
    ports: {
      ...sqlite,
      ...nodeHost({ secrets: { variables: {}, fingerprintKey: 'only for the demo' } }),
      sources: gitSources({ cacheDirectory: `${folder}/git-cache`, allowedTransports: ['file'] }),
    },
  };
};

/** What the demo cannot do without, told with what to do about it. */
export class Missing extends Error {}

export const missing = (error: PortError): Missing => new Missing(error.message);
