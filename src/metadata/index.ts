/**
 * The documents of the metadata service for a machine, in the formats of EC2 and OpenStack. The functions are pure,
 * except for the read of a Port's Secret or ConfigMap. The agent (./agent) receives requests and identifies their
 * senders.
 */
export { answer, refusal, type MetadataAnswer, type MetadataRequest } from './answer.ts';
export { type Instance, readInstance } from './instance.ts';
export { SourceError, type SourceKind, type SourceReader } from './source.ts';
export { Tokens } from './token.ts';
