/** Small projects that an adapter under test knows how to build: what they do is fixed here, how is the adapter's. */
import type { BuildInputs } from '@recourse/core';

export type Project = Readonly<{
  inputs: BuildInputs;
  /** The source tree as a tar stream; each call gives a new one. */
  tree: () => AsyncIterable<Uint8Array>;
}>;

export type Projects = Readonly<{
  /**
   * Builds, and prints `building <version>` as it does. When run it prints `serving <version>`, then answers HTTP: at
   * `/` with the version, at `/greeting` with its variable GREETING (no line break after either). It ends at SIGTERM.
   */
  app: (version: string) => Project;
  /** Its build prints `the last words` and fails. */
  failing: Project;
  /** Its build prints `waiting` and does not end by itself. */
  endless: Project;
  /** Builds. When run it prints `the last words` and ends at once with exit code 3. */
  dying: Project;
  /** Like the app `deaf`, but pays no attention to SIGTERM. */
  deaf: Project;
}>;
