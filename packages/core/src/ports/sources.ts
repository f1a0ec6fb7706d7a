import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { CommitId } from '../identity.ts';
import type { GitRef, RepositoryUrl } from '../release.ts';
import type { CancelSignal } from './cancel-signal.ts';
import type { PortError } from './port-error.ts';

/**
 * Where source code is kept.
 *
 * Errors: `sources/refused` (permanent) for a transport or URL that is not allowed, before anything ran, and for a
 * source that is broken or beyond a limit. `sources/repository-not-found`, `sources/ref-not-found`,
 * `sources/commit-gone` (permanent) when the remote was asked and does not have it, or shows it only to others.
 * `sources/unreachable` (transient) when it could not be asked. `sources/cancelled` (transient) after the signal.
 */
export interface Sources {
  /** The full commit that a ref means now. A branch goes before a tag of the same name; a full ref name is exact. */
  resolve(repository: RepositoryUrl, ref: GitRef, signal: CancelSignal): TaskEither<PortError, CommitId>;

  /**
   * The tree of exactly this commit, as a tar stream. Ending the iteration early releases everything. An iteration
   * that cannot be completed rejects with a PortError; a tar never just ends too soon.
   */
  tree(
    repository: RepositoryUrl,
    commit: CommitId,
    signal: CancelSignal,
  ): TaskEither<PortError, AsyncIterable<Uint8Array>>;
}
