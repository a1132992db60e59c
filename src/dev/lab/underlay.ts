import { Namespace } from './netns.ts';

/** The network between hypervisors: `192.168.127.0/24`, hypervisor N having `.(10+N)`. In namespaces of ours only. */
export const underlayAddress = (hypervisor: number): string => `192.168.127.${10 + hypervisor}`;
export const UNDERLAY_PREFIX_LENGTH = 24;

/** Name of the physical network that hypervisors map to their bridge `br-ex`. */
export const PHYSICAL_NETWORK = 'physnet1';

/** A namespace with the cables and switches of a machine room: one bridge between hypervisors, one for the physical network. */
export interface Underlay {
  /** Plugs a new interface of `namespace` into one of the two networks; it is up. */
  connect(namespace: Namespace, name: string, network: 'underlay' | typeof PHYSICAL_NETWORK): Promise<void>;
}

/** Makes the networks, with nothing connected to them. */
export async function createUnderlay(prefix: string): Promise<Underlay> {
  const room = await Namespace.create(`${prefix}net`);
  await room.ip(
    ...['underlay', PHYSICAL_NETWORK].flatMap((bridge) => [
      `link add ${bridge} type bridge mcast_snooping 0`,
      `link set ${bridge} up`,
    ]),
  );
  let plugs = 0;
  return {
    connect: async (namespace, name, network) => {
      const plug = `plug${++plugs}`;
      await room.ip(
        `link add ${plug} type veth peer name ${name} netns ${namespace.name}`,
        `link set ${plug} master ${network} up`,
      );
      await namespace.ip(`link set ${name} up`);
      await namespace.completeChecksums(name);
    },
  };
}
