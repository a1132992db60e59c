/**
 * The documents of the metadata service: what a machine is told about itself, in the styles of EC2 and OpenStack. Pure,
 * but for reading what a Port names; who asks and how requests come is the agent's (./agent).
 */
export { answer, refusal, type MetadataAnswer, type MetadataRequest } from './answer.ts';
export { type Instance, readInstance } from './instance.ts';
export { SourceError, type SourceKind, type SourceReader } from './source.ts';
export { Tokens } from './token.ts';
