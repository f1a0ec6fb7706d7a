// The public surface of @recourse/haproxy. What is not named here may change without notice.
export {};
