/**
 * The API in TypeScript: the kinds (generated from crds/), conditions and their reasons, and strict parsers for what
 * the kinds carry as text. Pure, and imports no other folder.
 */
export * from './cidr.ts';
export * from './conditions.ts';
export { withDefaults } from './defaults.ts';
export * from './generated/index.ts';
export { computeMac, parseMac, type ParsedMac } from './mac.ts';
export type { ObjectMeta, OwnerReference, ResourceType } from './object.ts';
export { type Code, messageFor, type ProblemReason, type Reason, type ReasonEntry, reasonOf, reasons } from './reasons.ts';
export { ORGANIZATION_LABEL, PROJECT_LABEL, type Tenancy, tenancyOf } from './tenancy.ts';
