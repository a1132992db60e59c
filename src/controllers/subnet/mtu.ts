import { condition, type DesiredCondition, type Subnet } from '../../api/index.ts';

/**
 * Returns the condition that states whether the MTU in an overlay Subnet's spec fits through the tunnels. If it does
 * not fit, larger packets to other hosts are lost, and no other component reports that. The result is empty for a
 * Subnet without `mtu`, and for a Subnet on a physical network, whose limit is unknown. Ready does not depend on the
 * condition, because smaller packets pass, and the setting may be lower than the real limit.
 *
 * @param largest the largest MTU that fits, in bytes (`NetworkSettings.mtu`)
 */
export function mtuFits(
  { mtu, provider, gateway }: Subnet['spec'],
  largest: number,
): readonly DesiredCondition[] {
  if (mtu === undefined || provider !== undefined) return [];
  if (mtu <= largest) {
    const fits = 'Packets with the MTU of the Subnet fit through the tunnels.';
    const answers = ` The router answers larger packets with "fragmentation needed, mtu ${mtu}".`;
    const isAnswered = mtu < largest && gateway.mode !== 'None';
    return [condition('MTUFits', 'True', 'MTUFits', isAnswered ? fits + answers : fits)];
  }
  const message =
    `spec.mtu is ${mtu}; the limit is ${largest} (underlay.mtu minus the tunnel overhead). ` +
    'Larger packets to other hosts are lost; lower spec.mtu.';
  return [condition('MTUFits', 'False', 'MTUTooLarge', message)];
}
