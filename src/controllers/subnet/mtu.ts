import { condition, type DesiredCondition, type Subnet } from '../../api/index.ts';

/**
 * Whether the MTU that an overlay Subnet names fits through the tunnels: else larger packets to other hosts are lost,
 * and nobody says so. Nothing for a Subnet that names none, or that is on a physical network: what that takes is not
 * known here. It is no part of Ready: smaller packets pass, and the setting may be less than the hosts' network takes.
 *
 * @param largest what fits, in bytes (`NetworkSettings.mtu`)
 */
export function mtuFits({ mtu, provider }: Subnet['spec'], largest: number): readonly DesiredCondition[] {
  if (mtu === undefined || provider !== undefined) return [];
  if (mtu <= largest) {
    const fits = 'Packets with the MTU of the Subnet fit through the tunnels.';
    return [condition('MTUFits', 'True', 'MTUFits', fits)];
  }
  const message =
    `spec.mtu is ${mtu}; the limit is ${largest} (underlay.mtu minus the tunnel overhead). ` +
    'Larger packets to other hosts are lost; lower spec.mtu.';
  return [condition('MTUFits', 'False', 'MTUTooLarge', message)];
}
