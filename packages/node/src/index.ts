// The public surface of @recourse/node. What is not named here may change without notice.
export {};
