/** Waits for conditions, with the helper of the tests of the development API server. */
export * from '../../packages/dev-apiserver/test/support/eventually.ts';
