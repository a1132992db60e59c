/** Hosts that only say that they follow, as ovn-controller does when OVN is asked to synchronise. */
import type { OvnCentral } from '../../src/dev/ovn/central.ts';
import { eventually } from './eventually.ts';

/**
 * Makes the chassis of these names such as answer, which `addGatewayChassis` and `ovn-sbctl chassis-add` leave out.
 * @returns what lets them answer the next time that northd asks
 */
export async function answering(
  { sbctl }: Pick<OvnCentral, 'sbctl'>,
  names: readonly string[],
): Promise<() => Promise<void>> {
  const asked = async (): Promise<number> => Number(await sbctl('get', 'SB_Global', '.', 'nb_cfg'));
  for (const name of names) {
    const known = await sbctl('--bare', '--columns=name', 'find', 'Chassis_Private', `name=${name}`);
    if (known.trim() === '') await sbctl('create', 'Chassis_Private', `name=${name}`);
  }
  const before = await asked();
  return async () => {
    await eventually(async () => (await asked()) > before);
    const now = await asked();
    for (const name of names) await sbctl('set', 'Chassis_Private', name, `nb_cfg=${now}`);
  };
}
