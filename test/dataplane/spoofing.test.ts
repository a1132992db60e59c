import { beforeAll, describe, expect, it } from '@jest/globals';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';

/** Not filtered by security groups: what is dropped is dropped for its source. */
const port = (name: string, protection: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name} }
spec: { trafficFiltering: Disabled, securityGroupRefs: [], spoofingProtection: ${protection} }
`;

const foreignMac = '0a:66:66:66:66:66';

describeLab('spoofing', (lab) => {
  let target: Guest;
  let victim: Guest;
  const attackers = new Map<string, Guest>();
  /** An address of the Subnet that nobody has. */
  const unused = '10.2.255.200';

  beforeAll(async () => {
    await lab().apply(
      `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main }
spec: { cidr: 10.2.0.0/16, defaults: None }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: default }
spec: { cidr: 10.2.255.0/24 }
`,
      port('target', 'MACAndIP'),
      port('victim', 'MACAndIP'),
      ...['MACAndIP', 'MACOnly', 'Disabled'].map((protection) => port(protection.toLowerCase(), protection)),
    );
    const made = await lab().guests(
      { name: 'target', on: 2 },
      { name: 'victim', on: 2 },
      { name: 'macandip', on: 1 },
      { name: 'maconly', on: 1 },
      { name: 'disabled', on: 1 },
    );
    [target, victim] = made;
    for (const guest of made.slice(2)) {
      attackers.set(guest.state.name, guest);
      await lab().eventually(() => guest.reaches(target.address));
    }
    await lab().eventually(() => target.reaches(victim.address));
  }, 60_000);

  /** How many of three pings, sent as `extra` says, reach the target. */
  const pingsThatArrive = async (attacker: Guest, extra: readonly string[] = []): Promise<number> => {
    const before = await target.echoesReceived();
    await attacker.ping(target.address, { extra });
    return (await target.echoesReceived()) - before;
  };

  it.each(['macandip', 'maconly', 'disabled'])(
    'is no matter for a machine that is honest (%s)',
    async (name) => {
      expect(await pingsThatArrive(attackers.get(name)!)).toBe(3);
    },
  );

  describe("with another's IP address", () => {
    it.each([
      ['macandip', 0],
      ['maconly', 3],
      ['disabled', 3],
    ])('from a Port with spoofingProtection %s gets %d of 3 packets through', async (name, arrive) => {
      const attacker = attackers.get(name)!;
      await attacker.run('ip', 'address', 'add', `${unused}/32`, 'dev', 'eth0');
      expect(await pingsThatArrive(attacker, ['-I', unused])).toBe(arrive);
      await attacker.run('ip', 'address', 'del', `${unused}/32`, 'dev', 'eth0');
    });
  });

  describe("with another's MAC address", () => {
    it.each([
      ['macandip', 0],
      ['maconly', 0],
      ['disabled', 3],
    ])('from a Port with spoofingProtection %s gets %d of 3 packets through', async (name, arrive) => {
      const attacker = attackers.get(name)!;
      await attacker.run('ip', 'link', 'set', 'eth0', 'address', foreignMac);
      // So that it need not ask, and packets do leave.
      await attacker.run('ip', 'neigh', 'replace', target.address, 'lladdr', target.mac, 'dev', 'eth0');
      expect(await pingsThatArrive(attacker)).toBe(arrive);
      await attacker.run('ip', 'link', 'set', 'eth0', 'address', attacker.mac);
    });
  });

  describe("by ARP, claiming a neighbour's address,", () => {
    it.each([
      ['macandip', 'is not believed', false],
      ['maconly', 'is believed', true],
      ['disabled', 'is believed', true],
    ])('from a Port with spoofingProtection %s %s', async (name, _, believed) => {
      const attacker = attackers.get(name)!;
      await target.run('ip', 'neigh', 'flush', 'all');
      await target.reaches(victim.address);
      expect(await target.neighbour(victim.address)).toBe(victim.mac);
      await attacker.run('ip', 'address', 'add', `${victim.address}/32`, 'dev', 'lo');
      await attacker.run('arping', '-A', '-c', '3', '-I', 'eth0', '-s', victim.address, victim.address);
      expect(await target.neighbour(victim.address)).toBe(believed ? attacker.mac : victim.mac);
      await attacker.run('ip', 'address', 'del', `${victim.address}/32`, 'dev', 'lo');
    });
  });
});
