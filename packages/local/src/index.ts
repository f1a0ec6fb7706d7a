// The public surface of @recourse/local. What is not named here may change without notice.
export {};
