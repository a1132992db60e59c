import { realClock } from '../../base/index.ts';
import { OvsdbClient, type OvsdbClientOptions } from '../ovsdb/index.ts';
import { readChassis } from '../southbound/chassis.ts';
import type { InspectOptions } from './inspect.ts';

/**
 * How long OVN took to process the Northbound database, in ms since the request; undefined after the timeout.
 */
export interface Lag {
  /** The time until ovn-northd had written the Southbound database. */
  readonly northdMs: number | undefined;
  /** The time until each host had installed its flows. */
  readonly hosts: readonly { readonly name: string; readonly ms: number | undefined }[];
}

/**
 * Measures how long ovn-northd and every host take to process the current Northbound database. Like
 * `ovn-nbctl --wait=hv sync`, the function increments `NB_Global.nb_cfg`; each host then writes one row.
 *
 * Resolves when all have answered, or `timeoutMs` after the request.
 *
 * @throws OvsdbError like `inspectNorthbound`
 */
export async function measureLag(
  northbound: InspectOptions,
  southbound: InspectOptions,
  timeoutMs: number,
): Promise<Lag> {
  const nb = newClient('OVN_Northbound', { NB_Global: ['nb_cfg', 'sb_cfg'] }, northbound);
  const sb = newClient(
    'OVN_Southbound',
    { Chassis: ['name', 'other_config'], Chassis_Private: ['name', 'nb_cfg'] },
    { ...southbound, acceptsRelays: true },
  );
  try {
    await Promise.all([nb.start(northbound), sb.start(southbound)]);
    return await requestSync(nb, sb, timeoutMs);
  } finally {
    await Promise.all([nb.stop(), sb.stop()]);
  }
}

function newClient(
  database: string,
  tables: Readonly<Record<string, readonly string[]>>,
  { timeoutMs: _, ...options }: InspectOptions & Pick<OvsdbClientOptions, 'acceptsRelays'>,
): OvsdbClient {
  return new OvsdbClient({ ...options, database, tables });
}

async function requestSync(nb: OvsdbClient, sb: OvsdbClient, timeoutMs: number): Promise<Lag> {
  const began = realClock.now();
  await nb.transact([{ op: 'mutate', table: 'NB_Global', where: [], mutations: [['nb_cfg', '+=', 1]] }]);
  const count = (column: string): number => {
    const [global] = nb.replica.rows('NB_Global');
    return Number(global?.[column] ?? 0);
  };
  // Another client may have incremented the number too. An answer to a higher number also answers this request.
  const requested = count('nb_cfg');
  const hosts = new Map<string, number | undefined>(
    readChassis(sb.replica).map(({ name }) => [name, undefined]),
  );
  let northdMs: number | undefined;
  const answered = Promise.withResolvers<undefined>();
  const check = (): void => {
    const ms = realClock.now() - began;
    if (count('sb_cfg') >= requested) northdMs ??= ms;
    for (const row of sb.replica.rows('Chassis_Private')) {
      const name = row['name'] as string;
      if (hosts.has(name) && Number(row['nb_cfg']) >= requested) hosts.set(name, hosts.get(name) ?? ms);
    }
    const isComplete = northdMs !== undefined && ![...hosts.values()].includes(undefined);
    if (isComplete) answered.resolve(undefined);
  };
  const unsubscribe = [nb, sb].map(({ replica }) => replica.subscribe(check));
  const timer = realClock.setTimer(timeoutMs, () => answered.resolve(undefined));
  check();
  await answered.promise;
  timer.cancel();
  for (const end of unsubscribe) end();
  return { northdMs, hosts: [...hosts].map(([name, ms]) => ({ name, ms })) };
}
