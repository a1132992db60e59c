/** Simulated hosts that confirm `nb_cfg` like ovn-controller, so that `ovn-nbctl --wait=hv sync` completes. */
import type { OvnCentral } from '../../src/dev/ovn/central.ts';
import { eventually } from './eventually.ts';

/**
 * Creates the Chassis_Private rows of these chassis, which `addGatewayChassis` and `ovn-sbctl chassis-add` do not create.
 * @returns a function that waits for the next `nb_cfg` of ovn-northd and confirms it for these chassis
 */
export async function confirmingHosts(
  { sbctl }: Pick<OvnCentral, 'sbctl'>,
  names: readonly string[],
): Promise<() => Promise<void>> {
  const requested = async (): Promise<number> => Number(await sbctl('get', 'SB_Global', '.', 'nb_cfg'));
  for (const name of names) {
    const known = await sbctl('--bare', '--columns=name', 'find', 'Chassis_Private', `name=${name}`);
    if (known.trim() === '') await sbctl('create', 'Chassis_Private', `name=${name}`);
  }
  const before = await requested();
  return async () => {
    await eventually(async () => (await requested()) > before);
    const now = await requested();
    for (const name of names) await sbctl('set', 'Chassis_Private', name, `nb_cfg=${now}`);
  };
}
