/**
 * Which image a key means, when several workers have built it: the first that takes the claim, a container by the
 * key's name that is never started. The engine lets one have a name, and whoever finds a claim finishes it, so that
 * nobody waits for a worker that died.
 */
import type { StepKey } from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as T from 'fp-ts/lib/Task.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Call, Engine } from './api/connection.ts';
import { createContainer, inspectContainer, removeContainer } from './api/containers.ts';
import { inspectImage, listImages, removeImage, tagImage } from './api/images.ts';
import { keyOf, madeFor } from './labels.ts';
import { claimName, claimRequest, imageName, REPOSITORY } from './requests.ts';

/** The id of the image that this key means; null if none was built, or none was left. */
export const settled = (engine: Engine, key: StepKey): Call<string | null> =>
  pipe(
    named(engine, key),
    TE.flatMap((id) => (id === null ? finishEarlier(engine, key) : TE.right(id))),
  );

/** A name alone proves little: an image that came from elsewhere may bear our label, but not our name as well. */
const named = (engine: Engine, key: StepKey): Call<string | null> =>
  pipe(
    inspectImage(engine, imageName(key)),
    TE.map((image) => (image !== null && keyOf(image.labels) === key ? image.id : null)),
  );

/** A worker died between the build and the claim. What came from a registry is not a build of ours. */
const finishEarlier = (engine: Engine, key: StepKey): Call<string | null> =>
  pipe(
    listImages(engine, madeFor(key)),
    TE.flatMap((images) => {
      const earlier = images.find(({ registryDigests }) => registryDigests.length === 0);
      return earlier === undefined ? TE.right(null) : claim(engine, key, earlier.id);
    }),
  );

/** The id of the image that the key means from now on: this one, or another that came first. */
export const claim = (engine: Engine, key: StepKey, imageId: string): Call<string> =>
  pipe(
    take(engine, key, imageId),
    TE.flatMap((first) =>
      pipe(
        // Somebody may have settled it before this claim was made.
        named(engine, key),
        TE.flatMap((id) =>
          id !== null
            ? TE.right(id)
            : pipe(
                tagImage(engine, first, REPOSITORY, key),
                TE.map(() => first),
              ),
        ),
      ),
    ),
    TE.tap(() => removeContainer(engine, claimName(key))),
    // A loser that cannot be removed now is still found by its label.
    TE.tapTask((id) => (id === imageId ? T.of(null) : removeImage(engine, imageId))),
  );

/** The image of the claim, ours or another's. */
const take = (engine: Engine, key: StepKey, imageId: string): Call<string> =>
  pipe(
    createContainer(engine, claimName(key), claimRequest(imageId)),
    TE.map(() => imageId),
    TE.orElse((fault) =>
      fault.status !== 409
        ? TE.left(fault)
        : pipe(
            inspectContainer(engine, claimName(key)),
            TE.flatMap((other) => (other === null ? take(engine, key, imageId) : TE.right(other.imageId))),
          ),
    ),
  );
