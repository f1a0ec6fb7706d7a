// The public surface of @recourse/git. What is not named here may change without notice.
export {};
