import {
  type CancelSignal,
  Digest,
  type Finding,
  type Image,
  ImageReference,
  type Images,
  type PortError,
} from '@recourse/core';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Call, connect, type Engine, type EngineFault } from './api/connection.ts';
import { listContainers, removeContainer } from './api/containers.ts';
import { type EngineImage, inspectImage, listImages, manifestDigest, pullImage, removeImage } from './api/images.ts';
import { permanent, portError } from './faults.ts';
import { isClaim, keyOf, ours } from './labels.ts';
import type { DockerImagesOptions } from './options.ts';
import { formatReference, parseReference, type Reference, registryOf } from './reference.ts';
import { imageName, REPOSITORY } from './requests.ts';

type Setup = Readonly<{ engine: Engine; credentials: NonNullable<DockerImagesOptions['registryCredentials']> }>;

/**
 * The images of one engine. A digest is Docker's image id, the hash of the image's configuration; what a registry
 * calls digest is the hash of a manifest and stands in `pullable`.
 */
export const dockerImages = (options: DockerImagesOptions): Images => {
  const engine = connect(options);
  const setup: Setup = { engine, credentials: options.registryCredentials ?? (async () => undefined) };
  return {
    probe: (image) => pipe(probe(setup, image), TE.mapLeft(portError('images', `Looking for ${image.name}`))),
    pull: (image, signal) => pull(setup, image, signal),
    resolve: (reference, signal) => resolve(setup, reference, signal),
    remove: (digest) => remove(engine, digest),
    list: () =>
      pipe(
        listImages(engine, ours),
        TE.bimap(portError('images', 'Listing the images'), (images) => images.filter(isOurs).map(imageOf)),
      ),
  };
};

const probe = (setup: Setup, image: Image): Call<Finding> =>
  pipe(
    inspectImage(setup.engine, image.digest),
    TE.flatMap((here) => {
      if (here !== null) return TE.right<EngineFault, Finding>('present');
      return pipe(
        image.pullable === null ? TE.right(null) : manifestOf(setup, parseReference(image.pullable)),
        TE.flatMap((there) =>
          there === null ? probeName(setup.engine, image) : TE.right<EngineFault, Finding>('in-registry'),
        ),
      );
    }),
  );

/** The bytes are nowhere. Whether the name means others now is asked of this engine only: no other name is guessed. */
const probeName = (engine: Engine, { name }: Image): Call<Finding> => {
  const reference = parseReference(name);
  if (reference === null) return TE.right('absent');
  return pipe(
    inspectImage(engine, formatReference(reference)),
    TE.map((other) => (other === null ? 'absent' : 'changed')),
  );
};

/** Null if the registry does not have it. That it refuses to tell is a fault. */
const manifestOf = ({ engine, credentials }: Setup, reference: Reference | null): Call<string | null> =>
  reference === null
    ? TE.right(null)
    : pipe(
        credentialsFor(credentials, reference),
        TE.flatMap((known) => manifestDigest(engine, reference, known)),
      );

const credentialsFor = (credentials: Setup['credentials'], reference: Reference) =>
  TE.tryCatch(
    () => credentials(registryOf(reference)),
    (): EngineFault => ({
      status: null,
      message: `the credentials for ${registryOf(reference)} could not be had`,
      cancelled: false,
    }),
  );

const pull = (setup: Setup, image: Image, signal: CancelSignal): TE.TaskEither<PortError, void> => {
  const { name, digest, pullable } = image;
  const what = `Pulling ${name}`;
  const reference = pullable === null ? null : parseReference(pullable);
  if (reference === null)
    return TE.left(permanent('images/not-found', `${what} is not possible: no registry keeps it.`));
  return pipe(
    fetchImage(setup, reference, signal, what),
    TE.flatMap(() => pipe(inspectImage(setup.engine, digest), TE.mapLeft(portError('images', what)))),
    TE.flatMap((here) =>
      here === null
        ? TE.left(
            permanent('images/not-found', `${pullable} is another image than ${name}: it does not have ${digest}.`),
          )
        : TE.right(undefined),
    ),
  );
};

const fetchImage = (
  { engine, credentials }: Setup,
  reference: Reference,
  signal: CancelSignal,
  what: string,
): TE.TaskEither<PortError, void> =>
  pipe(
    credentialsFor(credentials, reference),
    TE.flatMap((known) => pullImage(engine, reference, known, signal)),
    TE.mapLeft((fault) =>
      isNotFound(fault)
        ? permanent('images/not-found', `${what} failed: ${formatReference(reference)} is not in its registry.`)
        : portError('images', what)(fault),
    ),
  );

/** Docker's own registry says 404 also of what it does not show to a stranger. */
const isNotFound = ({ status, message }: EngineFault): boolean =>
  (status === 404 && !/denied|unauthorized/i.test(message)) || /manifest unknown|name unknown/i.test(message);

const notReference = (text: string): PortError =>
  permanent('images/not-found', `${JSON.stringify(text.slice(0, 200))} is not a reference to an image.`);

const resolve = (setup: Setup, text: ImageReference, signal: CancelSignal): TE.TaskEither<PortError, Image> => {
  const what = `Resolving ${text}`;
  const reference = parseReference(text);
  if (reference === null) return TE.left(notReference(text));
  const look = pipe(inspectImage(setup.engine, formatReference(reference)), TE.mapLeft(portError('images', what)));
  return pipe(
    look,
    TE.flatMap((here) =>
      here === null
        ? TE.right(null)
        : pipe(
            isCurrent(setup, reference, here),
            TE.mapLeft(portError('images', what)),
            TE.map((current) => (current ? here : null)),
          ),
    ),
    TE.flatMap((here) =>
      here !== null
        ? TE.right(here)
        : pipe(
            fetchImage(setup, reference, signal, what),
            TE.flatMap(() => look),
          ),
    ),
    TE.flatMap((image) =>
      image === null
        ? TE.left(permanent('images/not-found', `${what} failed: it was removed as soon as it was pulled.`))
        : TE.right(imageNamed(text, reference, image)),
    ),
  );
};

/** Whether what is here under this reference is what it means now. Only a registry that it came from can know. */
const isCurrent = (setup: Setup, reference: Reference, here: EngineImage): Call<boolean> => {
  const known = registryDigestOf(here, reference);
  if (known === null || reference.identifier.startsWith('@')) return TE.right(true);
  return pipe(
    manifestOf(setup, reference),
    TE.map((manifest) => manifest === null || known.endsWith(`@${manifest}`)),
  );
};

const registryDigestOf = ({ registryDigests }: EngineImage, { repository }: Reference): string | null =>
  registryDigests.find((digest) => familiar(digest.split('@')[0] ?? '') === familiar(repository)) ?? null;

/** As the engine shortens names of Docker's own registry. */
const familiar = (repository: string): string => repository.replace(/^(?:index\.)?docker\.io\/(?:library\/)?/, '');

const imageNamed = (name: string, reference: Reference, image: EngineImage): Image => ({
  name,
  digest: Digest.parse(image.id),
  pullable: pullableOf(registryDigestOf(image, reference)),
});

const pullableOf = (digest: string | null | undefined): ImageReference | null =>
  ImageReference.safeParse(digest).data ?? null;

/** A label alone proves little: an image that came from a registry may bear it, but not our name as well. */
const isOurs = ({ labels, tags, registryDigests }: EngineImage): boolean =>
  keyOf(labels) !== null && (registryDigests.length === 0 || tags.some(isOurName));

const isOurName = (tag: string): boolean => tag.startsWith(`${REPOSITORY}:`);

const imageOf = ({ id, labels, tags, registryDigests }: EngineImage): Image => ({
  name: tags.find(isOurName) ?? tags[0] ?? imageName(keyOf(labels) ?? 'unnamed'),
  digest: Digest.parse(id),
  pullable: pullableOf(registryDigests[0]),
});

/** Name by name and without force: the engine itself refuses the last one if a container came in between. */
const remove = (engine: Engine, digest: Digest): TE.TaskEither<PortError, void> =>
  pipe(
    inspectImage(engine, digest),
    TE.flatMap((image) =>
      image === null
        ? TE.right(undefined)
        : pipe(
            listContainers(engine, { ancestor: [digest] }),
            TE.flatMap((containers) =>
              containers.every(({ labels }) => isClaim(labels)) ? TE.right(containers) : TE.left(inUse),
            ),
            // The claim of a worker that died.
            TE.flatMap((claims) => TE.sequenceSeqArray(claims.map(({ id }) => removeContainer(engine, id)))),
            TE.flatMap(() =>
              TE.sequenceSeqArray(
                [...image.tags, ...image.registryDigests, digest].map((name) => removeImage(engine, name)),
              ),
            ),
            TE.map(() => undefined),
          ),
    ),
    TE.mapLeft((fault) =>
      fault.status === 409
        ? permanent('images/in-use', `The image ${digest} cannot be removed: a container uses it. Stop that first.`)
        : portError('images', `Removing the image ${digest}`)(fault),
    ),
  );

const inUse: EngineFault = { status: 409, message: 'a container uses it', cancelled: false };
