import { randomUUID } from 'node:crypto';
import {
  type Builder,
  type BuildOrder,
  type BuiltImage,
  type CancelSignal,
  Digest,
  type PortError,
} from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import type * as T from 'fp-ts/lib/Task.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { build } from './api/builds.ts';
import { type Call, connect, type Engine } from './api/connection.ts';
import { inspectImage, listImages, removeImage } from './api/images.ts';
import { broken, cancelled, failed, what } from './build-errors.ts';
import { type BuildOutput, followBuild } from './build-output.ts';
import { claim, settled } from './claim.ts';
import type { Context } from './context.ts';
import { portError } from './faults.ts';
import { defaultFileServer } from './file-server.ts';
import { commitOf, madeBy } from './labels.ts';
import type { DockerBuilderOptions } from './options.ts';
import { type PrepareOptions, planOf, withContext } from './prepare.ts';
import { type BuildPolicy, buildQuery, imageName } from './requests.ts';

type Watch = Parameters<Builder['build']>[2];

const GIB = 2 ** 30;

/**
 * Images by BuildKit, from a tree that is streamed through this process. The commit is a label that no Dockerfile can
 * set to another value. A `.dockerignore` is obeyed; a `# syntax=` line is refused unless it is allowed; base images
 * come from the engine or from a registry that needs no credentials. RUN steps have the engine's own limits: BuildKit
 * takes none for a single build.
 */
export const dockerBuilder = (options: DockerBuilderOptions): Builder => {
  const engine = connect(options);
  const policy: BuildPolicy = { network: options.buildNetwork ?? 'default' };
  const prepare: PrepareOptions = {
    allowedSyntax: options.allowedSyntax ?? [],
    treeBytesMax: options.treeBytesMax ?? GIB,
    fileServer: options.fileServer ?? defaultFileServer,
  };
  return {
    build: (order, tree, watch) => {
      const asked = <A>(call: Call<A>) => pipe(call, TE.mapLeft(portError('builder', what(order))));
      return pipe(
        TE.fromEither(planOf(order)),
        TE.filterOrElse(
          () => !watch.signal.aborted,
          () => cancelled(order),
        ),
        TE.bindTo('plan'),
        TE.bind('earlier', () => asked(settled(engine, order.key))),
        TE.flatMap(({ plan, earlier }) =>
          earlier !== null
            ? TE.right(earlier)
            : withContext(order, plan, tree, { ...prepare, signal: watch.signal }, (context) =>
                buildImage({ engine, policy, order, watch }, context),
              ),
        ),
        TE.flatMap((id) => asked(inspectImage(engine, id))),
        TE.flatMap((image) =>
          image === null
            ? TE.left(broken(order, 'its image was removed as soon as it was built'))
            : TE.right({
                image: { name: imageName(order.key), digest: Digest.parse(image.id), pullable: null },
                commit: commitOf(image.labels),
                runnable: image.hasCommand,
              } satisfies BuiltImage),
        ),
      );
    },
  };
};

type Building = Readonly<{ engine: Engine; policy: BuildPolicy; order: BuildOrder; watch: Watch }>;

/** The id of the image that the key means afterwards. Of an attempt that comes to nothing, nothing is left. */
const buildImage = ({ engine, policy, order, watch }: Building, { dockerfile, tar }: Context) => {
  const attempt = randomUUID();
  const output = followBuild(watch.onProgress);
  const asked = <A>(call: Call<A>) => pipe(call, TE.mapLeft(portError('builder', what(order))));
  return pipe(
    asked(build(engine, buildQuery(order, policy, dockerfile, attempt), tar, watch.signal, output.onMessage)),
    TE.flatMap(() => resultOf(order, output, watch.signal)),
    TE.flatMap((imageId) => asked(claim(engine, order.key, imageId))),
    TE.orElse(
      (error): TE.TaskEither<PortError, string> =>
        pipe(
          TE.fromTask(removeAttempt(engine, attempt)),
          TE.flatMap(() => TE.left(watch.signal.aborted ? cancelled(order) : error)),
        ),
    ),
  );
};

const resultOf = (order: BuildOrder, output: BuildOutput, signal: CancelSignal): TE.TaskEither<PortError, string> => {
  if (signal.aborted) return TE.left(cancelled(order));
  const { error, imageId } = output.result();
  if (error !== null) return TE.left(isOutage(error) ? broken(order, error) : failed(order, error, output.lastLines()));
  return imageId === null ? TE.left(broken(order, 'the engine fell silent before it was done')) : TE.right(imageId);
};

/** A base image's registry that does not answer. A RUN step that fails, whatever it prints, is not among these. */
const isOutage = (error: string): boolean =>
  !/executor failed running|did not complete successfully/.test(error) &&
  /failed to do request|dial tcp|i\/o timeout|TLS handshake|connection (?:refused|reset)|unexpected status code.*: (?:429|5\d\d)/.test(
    error,
  );

/** What bears a name is another worker's by now. What cannot be removed is found again by its label. */
const removeAttempt = (engine: Engine, attempt: string): T.Task<unknown> =>
  pipe(
    listImages(engine, madeBy(attempt)),
    TE.flatMap((images) =>
      TE.sequenceArray(images.filter(({ tags }) => tags.length === 0).map(({ id }) => removeImage(engine, id))),
    ),
  );
