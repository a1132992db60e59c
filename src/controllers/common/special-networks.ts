import { mustParseCidr } from '../../api/index.ts';

/** The networks that no tenant may use (RFC 6890), and what they are. The default route overlaps all of them. */
export const specialNetworks = [
  ['0.0.0.0/8', 'addresses without a host'],
  ['127.0.0.0/8', 'loopback addresses'],
  ['169.254.0.0/16', 'link-local addresses, one of which is the metadata service'],
  ['224.0.0.0/4', 'multicast addresses'],
  ['240.0.0.0/4', 'reserved addresses and the broadcast address'],
].map(([text = '', name = '']) => ({ network: mustParseCidr(text), name }));
