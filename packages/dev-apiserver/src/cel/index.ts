/** CEL expressions in CRDs: the types of a schema, the functions of Kubernetes, and compiled expressions. */
export { CelError, CelScope, type CompiledExpression } from './library.ts';
export { celType, type CelType, type Interned } from './types.ts';
