// The public surface of @recourse/testing. What is not named here may change without notice.

export { type BuilderUnderTest, builderConformance } from './conformance/builder.ts';
export { eventually } from './conformance/eventually.ts';
export { type ImagesUnderTest, imagesConformance } from './conformance/images.ts';
export { left, right } from './conformance/outcome.ts';
export type { Project, Projects } from './conformance/projects.ts';
export { type Runnable, type RuntimeUnderTest, runtimeConformance } from './conformance/runtime.ts';
