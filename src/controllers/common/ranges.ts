import {
  containsRange,
  formatCidr,
  parseRange,
  type AddressRange,
  type Cidr,
  type ProblemReason,
  type RangeSpec,
} from '../../api/index.ts';
import { bad, collect, fromParsed, type Checked } from './problem.ts';

/** A range that must contain address ranges, and its name in a message. */
interface RangeLimit {
  readonly cidr: Cidr;
  /** The owner of the range, with an article: `the Subnet`. */
  readonly name: string;
  /** The reason of the problem when an address range is outside. */
  readonly reason: ProblemReason;
}

/**
 * Returns the address ranges of `field` (for example `spec.allocationPools`), or the first problem: a malformed
 * range, or a range outside the limit.
 */
export function rangesWithin(
  specs: readonly RangeSpec[] | undefined,
  { cidr, name, reason }: RangeLimit,
  field: string,
): Checked<readonly AddressRange[]> {
  return collect(
    (specs ?? []).map((spec, index) => {
      const parsed = fromParsed(parseRange(spec, { family: 4 }), `${field}[${index}]`);
      if (!parsed.ok || containsRange(cidr, parsed.value)) return parsed;
      return bad(
        reason,
        `${field}[${index}] (${spec.start} to ${spec.end}) is not inside the range ${formatCidr(cidr)} of ${name}; ` +
          'use addresses inside this range.',
      );
    }),
  );
}
