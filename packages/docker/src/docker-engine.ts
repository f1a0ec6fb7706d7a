import type { Builder, Images, Runtime } from '@recourse/core';
import { dockerBuilder } from './builder.ts';
import { dockerImages } from './images.ts';
import type { DockerBuilderOptions, DockerImagesOptions, DockerRuntimeOptions } from './options.ts';
import { dockerRuntime } from './runtime.ts';

/** The three ports on one engine: `dockerEngine({ socketPath })`. */
export const dockerEngine = (
  options: DockerImagesOptions & DockerBuilderOptions & DockerRuntimeOptions = {},
): Readonly<{ images: Images; builder: Builder; runtime: Runtime }> => ({
  images: dockerImages(options),
  builder: dockerBuilder(options),
  runtime: dockerRuntime(options),
});
