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

  /** Pings the target, as `extra` says, and sees whether that arrives. */
  const expectPings = async (attacker: Guest, arrives: boolean, extra: readonly string[] = []) => {
    const before = await target.echoesReceived();
    const ping = async () => {
      await attacker.ping(target.address, { extra });
      return target.echoesReceived();
    };
    if (arrives) await lab().eventually(async () => expect(await ping()).toBeGreaterThan(before));
    else expect(await ping()).toBe(before);
  };

  it.each(['macandip', 'maconly', 'disabled'])('is no matter for a machine that is honest (%s)', (name) =>
    expectPings(attackers.get(name)!, true),
  );

  describe("with another's IP address", () => {
    it.each([
      ['macandip', 'does not get through', false],
      ['maconly', 'gets through', true],
      ['disabled', 'gets through', true],
    ])('from a Port with spoofingProtection %s %s', async (name, _, arrives) => {
      const attacker = attackers.get(name)!;
      await attacker.run('ip', 'address', 'add', `${unused}/32`, 'dev', 'eth0');
      await expectPings(attacker, arrives, ['-I', unused]);
      await attacker.run('ip', 'address', 'del', `${unused}/32`, 'dev', 'eth0');
    });
  });

  describe("with another's MAC address", () => {
    it.each([
      ['macandip', 'does not get through', false],
      ['maconly', 'does not get through', false],
      ['disabled', 'gets through', true],
    ])('from a Port with spoofingProtection %s %s', async (name, _, arrives) => {
      const attacker = attackers.get(name)!;
      await attacker.run('ip', 'link', 'set', 'eth0', 'address', foreignMac);
      // So that it need not ask, and packets do leave.
      await attacker.run('ip', 'neigh', 'replace', target.address, 'lladdr', target.mac, 'dev', 'eth0');
      await expectPings(attacker, arrives);
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
      await lab().eventually(() => target.reaches(victim.address));
      expect(await target.neighbour(victim.address)).toBe(victim.mac);
      await attacker.run('ip', 'address', 'add', `${victim.address}/32`, 'dev', 'lo');
      const claim = async () => {
        await attacker.run('arping', '-A', '-c', '3', '-I', 'eth0', '-s', victim.address, victim.address);
        return target.neighbour(victim.address);
      };
      if (believed) await lab().eventually(async () => expect(await claim()).toBe(attacker.mac));
      else expect(await claim()).toBe(victim.mac);
      await attacker.run('ip', 'address', 'del', `${victim.address}/32`, 'dev', 'lo');
    });
  });
});
