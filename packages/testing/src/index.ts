// The public surface of @recourse/testing. What is not named here may change without notice.
export { left, right } from './conformance/outcome.ts';
