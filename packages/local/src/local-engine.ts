/** The three ports of an engine, with no engine. */
import type { Builder, Images, Runtime } from '@recourse/core';
import { type LocalBuilderOptions, localBuilder } from './local-builder.ts';
import { localImages } from './local-images.ts';
import { localRuntime } from './local-runtime.ts';

/**
 * Builds and runs on this machine with nothing installed, for development, demos and tests. **Trusted code only**:
 * what is built and run has this user's rights. Needs a POSIX system.
 *
 * Throws if the directory cannot be made.
 */
export const localEngine = (
  options: LocalBuilderOptions,
): Readonly<{ images: Images; builder: Builder; runtime: Runtime }> => ({
  images: localImages(options),
  builder: localBuilder(options),
  runtime: localRuntime(options),
});
