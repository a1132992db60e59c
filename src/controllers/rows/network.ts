import { formatCidr, type Cidr } from '../../api/index.ts';
import { parseNetwork, type Network } from '../../ovn/index.ts';

/** Returns a range as a network for matches. */
export const networkOf = (range: Cidr): Network => parseNetwork(formatCidr(range));
