import { keyOf, type KubeObject } from './types.ts';

/**
 * Returns the sort key of an object: the object with the lower key has precedence. The older object comes first. With
 * the same creation time (the API server stores whole seconds), the order is that of `namespace/name`, as in the
 * Gateway API. For two kinds with the same name, the lower UID comes first. A space sorts before all characters of
 * names, so a name comes before the names that begin with it. The key of an object never changes.
 */
export function precedenceOf({ metadata }: Pick<KubeObject, 'metadata'>): string {
  return `${metadata.creationTimestamp ?? ''} ${keyOf({ metadata })} ${metadata.uid}`;
}
