import { Namespace } from './netns.ts';

/** The address of hypervisor N in the underlay: `192.168.127.(10+N)`. The underlay exists in the lab's namespaces only. */
export const underlayAddress = (hypervisor: number): string => `192.168.127.${10 + hypervisor}`;
export const UNDERLAY_PREFIX_LENGTH = 24;

/** Name of the physical network. Hypervisors map it to their bridge `br-ex`. */
export const PHYSICAL_NETWORK = 'physnet1';

/** A namespace with two bridges: one connects the hypervisors, the other is the physical network. */
export interface Underlay {
  /** Creates an interface in `namespace`, sets its state to up and connects it to one of the two networks. */
  connect(namespace: Namespace, name: string, network: 'underlay' | typeof PHYSICAL_NETWORK): Promise<void>;
}

/** Creates both networks. No interface is connected to them yet. */
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
