/** Whether rows are what objects ask for. */
import { findCondition } from '../api/index.ts';
import type {
  ChassisDirectory,
  NorthboundFacts,
  PortBindings,
  RowWriter,
  SouthboundFacts,
} from '../ovn/index.ts';
import { grantRemedy, ok, problem, some, warning, type Finding } from './finding.ts';
import { labelOf, ours, type Listed, type Listing } from './objects.ts';

const check = 'Drift';

/** Gives `writer` what an operator that started now would write, and writes nothing itself. */
export type Rehearse = (world: {
  readonly objects: Listing['of'];
  readonly writer: RowWriter;
  readonly bindings: Pick<PortBindings, 'isKnown' | 'hostOf'>;
  readonly chassis: Pick<ChassisDirectory, 'isKnown' | 'chassis'>;
}) => Promise<void>;

/**
 * Counts objects that count as programmed and whose rows an operator that started now would change: rows that are
 * missing, too many, or have other values. It does the operator's own work to find that out, up to the writing.
 */
export async function checkDrift(
  { of, unseen }: Listing,
  rehearse: Rehearse,
  { writer }: NorthboundFacts,
  southbound: SouthboundFacts | undefined,
): Promise<Finding> {
  if (unseen.length > 0)
    return warning(check, `Not looked for, since rows depend on ${some(unseen, 20)} too.`, grantRemedy);
  const isKnown = southbound !== undefined;
  await rehearse({
    objects: of,
    writer,
    bindings: { isKnown, hostOf: (port) => southbound?.ports.get(port) },
    chassis: { isKnown, chassis: () => southbound?.hosts ?? [] },
  });
  const programmed = new Map(
    ours(of)
      .filter(isProgrammed)
      .map((object) => [object.metadata.uid, object]),
  );
  const drifted = writer.differences.flatMap(({ owner, writes }) => {
    const object = programmed.get(owner.uid);
    return object === undefined ? [] : [`${labelOf(object)} (${some(writes, 3)})`];
  });
  if (drifted.length === 0)
    return ok(check, `OVN has what the ${programmed.size} objects that count as programmed say.`);
  return problem(
    check,
    `${drifted.length} objects count as programmed, and an operator would change their rows: ${some(drifted)}.`,
    "One that leads and reaches this database does so at once: see the leader, and look again, since what is under way counts as well. Rows depend on settings too: give the operator's.",
  );
}

/** Whether it says that OVN has what it says now. */
function isProgrammed({ metadata: { generation, deletionTimestamp }, status }: Listed): boolean {
  const programmed = findCondition(status?.conditions, 'Programmed');
  return (
    programmed?.status === 'True' &&
    programmed.observedGeneration === generation &&
    deletionTimestamp === undefined
  );
}
