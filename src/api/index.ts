/**
 * The API in TypeScript: the kinds (generated from crds/), conditions and their reasons, and strict parsers for the
 * text values of the kinds. All functions are pure. This folder imports only types of src/base.
 */
export * from './cidr.ts';
export * from './conditions.ts';
export { withDefaults } from './defaults.ts';
export * from './generated/index.ts';
export { computeMac, parseMac } from './mac.ts';
export type { ObjectMeta, OwnerReference, ResourceType } from '../base/index.ts';
export { type ProblemReason, type Reason, type ReasonEntry, reasons } from './reasons.ts';
export * from './segment.ts';
export { ORGANIZATION_LABEL, organizationKey, type Tenancy, tenancyOf } from './tenancy.ts';
