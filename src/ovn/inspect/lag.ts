import { readChassis } from '../southbound/chassis.ts';
import type { InspectOptions } from './inspect.ts';
import { realClock } from '../../base/index.ts';
import { OvsdbClient } from '../ovsdb/index.ts';

/** How long OVN took to follow, in ms from the moment of asking; undefined: it did not in time. */
export interface Lag {
  /** Until ovn-northd had the Northbound database's content in the Southbound one. */
  readonly northdMs: number | undefined;
  /** Until the host had it in its flows. */
  readonly hosts: readonly { readonly name: string; readonly ms: number | undefined }[];
}

/**
 * Asks ovn-northd and every host to report when they have come as far as the Northbound database is now, as `ovn-nbctl
 * --wait=hv sync` does: it counts up `NB_Global.nb_cfg`, and each host writes once.
 *
 * Resolves when all have answered, or `patienceMs` after asking. @throws as `inspectNorthbound`
 */
export async function measureLag(
  northbound: InspectOptions,
  southbound: InspectOptions,
  patienceMs: number,
): Promise<Lag> {
  const nb = follow('OVN_Northbound', { NB_Global: ['nb_cfg', 'sb_cfg'] }, northbound);
  const sb = follow(
    'OVN_Southbound',
    { Chassis: ['name', 'other_config'], Chassis_Private: ['name', 'nb_cfg'] },
    southbound,
  );
  try {
    await Promise.all([nb.start(northbound), sb.start(southbound)]);
    return await ask(nb, sb, patienceMs);
  } finally {
    await Promise.all([nb.stop(), sb.stop()]);
  }
}

function follow(
  database: string,
  tables: Readonly<Record<string, readonly string[]>>,
  { timeoutMs: _, ...options }: InspectOptions,
): OvsdbClient {
  return new OvsdbClient({ ...options, database, tables });
}

async function ask(nb: OvsdbClient, sb: OvsdbClient, patienceMs: number): Promise<Lag> {
  const began = realClock.now();
  await nb.transact([{ op: 'mutate', table: 'NB_Global', where: [], mutations: [['nb_cfg', '+=', 1]] }]);
  const count = (column: string): number => {
    const [global] = nb.replica.rows('NB_Global');
    return Number(global?.[column] ?? 0);
  };
  // Somebody else may have asked at the same moment: who has answered that has answered this.
  const asked = count('nb_cfg');
  const hosts = new Map<string, number | undefined>(
    readChassis(sb.replica).map(({ name }) => [name, undefined]),
  );
  let northdMs: number | undefined;
  const answered = Promise.withResolvers<undefined>();
  const look = (): void => {
    const ms = realClock.now() - began;
    if (count('sb_cfg') >= asked) northdMs ??= ms;
    for (const row of sb.replica.rows('Chassis_Private')) {
      const name = row['name'] as string;
      if (hosts.has(name) && Number(row['nb_cfg']) >= asked) hosts.set(name, hosts.get(name) ?? ms);
    }
    const isComplete = northdMs !== undefined && ![...hosts.values()].includes(undefined);
    if (isComplete) answered.resolve(undefined);
  };
  const unsubscribe = [nb, sb].map(({ replica }) => replica.subscribe(look));
  const timer = realClock.setTimer(patienceMs, () => answered.resolve(undefined));
  look();
  await answered.promise;
  timer.cancel();
  for (const end of unsubscribe) end();
  return { northdMs, hosts: [...hosts].map(([name, ms]) => ({ name, ms })) };
}
