/** The alias of the SecurityGroups of a namespace with `stateful: Disabled`. */
export const statelessGroupsOf = (namespace = ''): string => `${namespace}/*stateless`;
