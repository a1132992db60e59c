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

/** The range that address ranges must be inside, and how a problem names it. */
export interface RangeLimit {
  readonly cidr: Cidr;
  /** The owner of the range, with an article: `the Subnet`. */
  readonly name: string;
  /** The reason for a range outside. */
  readonly reason: ProblemReason;
}

/** The address ranges of `field` (`spec.allocationPools`), or the first problem: malformed, or outside the limit. */
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
