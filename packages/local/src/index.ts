// The public surface of @recourse/local. What is not named here may change without notice.
export { type LocalBuilderOptions, localBuilder } from './local-builder.ts';
export { localEngine } from './local-engine.ts';
export { type LocalOptions, localImages } from './local-images.ts';
export { localRuntime } from './local-runtime.ts';
export type { UnpackLimits } from './unpack.ts';
