import type { Port, RateLimit } from '../../api/index.ts';
import { inport, outport, printMatch, row, rowUuid, type DesiredRow } from '../../ovn/index.ts';
import { interfaceId } from '../rows/names.ts';

/** Above what an administrator may have put on the switch by hand with the default priority. */
const PRIORITY = 2000;

/** OVN's burst when none is given: 80 % of the rate, as Neutron has it. */
const BURST_SHARE = 0.8;

/** The rate limits of a Port (ovn-nb(5), QoS; rate in kbit/s, burst in kbit). */
export function qosRows({ metadata: { uid }, spec: { qos = {} } }: Port): readonly DesiredRow[] {
  const port = { name: interfaceId(uid) };
  return [
    ...limit(uid, 'to-lport', printMatch(outport(port)), qos.ingress),
    ...limit(uid, 'from-lport', printMatch(inport(port)), qos.egress),
  ];
}

function limit(
  uid: string,
  direction: 'to-lport' | 'from-lport',
  match: string,
  rate: RateLimit | undefined,
): readonly DesiredRow[] {
  if (rate === undefined) return [];
  const burst = rate.maxBurstKbits ?? Math.ceil(rate.maxRateKbps * BURST_SHARE);
  return [
    row('QoS', rowUuid(uid, `qos/${direction}`), {
      priority: PRIORITY,
      direction,
      match,
      bandwidth: { rate: rate.maxRateKbps, burst },
    }),
  ];
}
