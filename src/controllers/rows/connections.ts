/**
 * Returns the option that limits the tracked connections in each zone of a router or of the Ports of a switch
 * (ovn-nb(5), `ct-zone-limit`). OVN 24.09 and newer apply the option, older releases ignore it. Zero: no option.
 */
export function connectionLimit(connections: number): Readonly<Record<string, string>> {
  return connections === 0 ? {} : { 'ct-zone-limit': String(connections) };
}
