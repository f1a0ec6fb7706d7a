// The public surface of @recourse/docker. What is not named here may change without notice.
export {};
