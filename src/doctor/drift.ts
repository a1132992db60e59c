/** Checks whether the rows in OVN match the objects. */
import { findCondition } from '../api/index.ts';
import type {
  ChassisDirectory,
  NorthboundFacts,
  PortBindings,
  RowWriter,
  SouthboundFacts,
} from '../ovn/index.ts';
import { grantRemedy, listNames, ok, problem, warning, type Finding } from './finding.ts';
import { labelOf, ownObjects, type Listed, type Listing } from './objects.ts';

const check = 'Drift';

/** Passes the rows that a newly started operator would write to `writer`. Writes nothing itself. */
export type Rehearse = (world: {
  readonly objects: Listing['of'];
  readonly writer: RowWriter;
  readonly bindings: Pick<PortBindings, 'isKnown' | 'hostOf'>;
  readonly chassis: Pick<ChassisDirectory, 'isKnown' | 'chassis'>;
}) => Promise<void>;

/**
 * Finds objects that report Programmed=True although a newly started operator would change their rows: a row is
 * missing, is superfluous, or has other values. The check runs the operator's reconcilers without writing.
 */
export async function checkDrift(
  { of, forbidden }: Listing,
  rehearse: Rehearse,
  { writer }: NorthboundFacts,
  southbound: SouthboundFacts | undefined,
): Promise<Finding> {
  if (forbidden.length > 0)
    return warning(
      check,
      `Skipped: the rows depend on kinds that this user may not list (${listNames(forbidden, 20)}).`,
      grantRemedy,
    );
  const isKnown = southbound !== undefined;
  await rehearse({
    objects: of,
    writer,
    bindings: { isKnown, hostOf: (port) => southbound?.ports.get(port) },
    chassis: { isKnown, chassis: () => southbound?.hosts ?? [] },
  });
  const programmed = new Map(
    ownObjects(of)
      .filter(isProgrammed)
      .map((object) => [object.metadata.uid, object]),
  );
  const drifted = writer.differences.flatMap(({ owner, writes }) => {
    const object = programmed.get(owner.uid);
    return object === undefined ? [] : [`${labelOf(object)} (${listNames(writes, 3)})`];
  });
  if (drifted.length === 0)
    return ok(check, `The rows in OVN match the ${programmed.size} objects that are Programmed.`);
  return problem(
    check,
    `The rows of ${drifted.length} objects that are Programmed differ from the objects: ${listNames(drifted)}.`,
    "Run doctor again: changes in progress also count as drift. If the drift stays, check that an operator leads and is connected to this database; the leader repairs drift at once. Run doctor with the operator's settings, because the rows depend on the settings.",
  );
}

/** Whether the object reports Programmed=True for its current generation. */
function isProgrammed({ metadata: { generation, deletionTimestamp }, status }: Listed): boolean {
  const programmed = findCondition(status?.conditions, 'Programmed');
  return (
    programmed?.status === 'True' &&
    programmed.observedGeneration === generation &&
    deletionTimestamp === undefined
  );
}
