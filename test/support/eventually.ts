/** Waiting on conditions: the same helper as in the tests of the development API server. */
export * from '../../packages/dev-apiserver/test/support/eventually.ts';
