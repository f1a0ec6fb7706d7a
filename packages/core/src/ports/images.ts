import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { z } from 'zod';
import type { Digest } from '../identity.ts';
import type { Image, ImageReference } from '../release.ts';
import type { CancelSignal } from './cancel-signal.ts';
import type { PortError } from './port-error.ts';

/**
 * What a look for an image found. A look that failed is not a finding.
 * - `present`: these very bytes are here.
 * - `in-registry`: they are not here, but a registry has them.
 * - `changed`: they are in neither, and the image's name now means other bytes.
 * - `absent`: they are in neither.
 */
export const Finding = z.enum(['present', 'in-registry', 'changed', 'absent']);
export type Finding = z.infer<typeof Finding>;

/**
 * The images that a Runtime can start. Every operation may be repeated: a second call finds the work of the first.
 *
 * Errors: `images/unreachable` (transient) when the engine or the registry cannot be asked. "I could not look" must
 * never be told as "absent": a rebuild would follow.
 */
export interface Images {
  /** Looks for exactly these bytes. Compares by content, never by name or tag. */
  probe(image: Image): TaskEither<PortError, Finding>;

  /** Fetches the bytes of `image` from its registry. `images/not-found` (permanent) if they are not there any more. */
  pull(image: Image, signal: CancelSignal): TaskEither<PortError, void>;

  /**
   * What a reference means now, fetched if it is not here: for a release that is made from an image.
   * `images/not-found` (permanent) if nobody has it.
   */
  resolve(reference: ImageReference, signal: CancelSignal): TaskEither<PortError, Image>;

  /**
   * Removes the image by content. Removing what is not there succeeds. `images/in-use` (permanent) while an instance
   * needs it, for an engine that would lose it.
   */
  remove(digest: Digest): TaskEither<PortError, void>;

  /** The images that were built for this environment, or all of ours. */
  list(): TaskEither<PortError, readonly Image[]>;
}
