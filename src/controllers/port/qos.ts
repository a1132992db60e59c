import type { Port, RateLimit } from '../../api/index.ts';
import { inport, outport, printMatch, row, rowUuid, type DesiredRow } from '../../ovn/index.ts';
import { interfaceId } from '../rows/names.ts';

/** Higher than the default priority, which an administrator may have used for a rule of the switch. */
const PRIORITY = 2000;

/** The default burst as a share of the rate, the same as in Neutron. */
const BURST_SHARE = 0.8;

/** Returns the rate limits of a Port (ovn-nb(5), table QoS; rate in kbit/s, burst in kbit). */
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
