// The public surface of @recourse/engine. What is not named here may change without notice.
export {};
