/** CEL expressions in CRDs: types from a schema, Kubernetes' functions, compiled once. */
export { CelError, CelScope, type CompiledExpression } from './library.ts';
export { celType, type CelType, type Interned } from './types.ts';
