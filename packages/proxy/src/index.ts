// The public surface of @recourse/proxy. What is not named here may change without notice.
export {};
