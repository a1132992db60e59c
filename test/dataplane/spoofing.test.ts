import { beforeAll, describe, expect, it } from '@jest/globals';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';

/** A Port without filtering by security groups. So packets are dropped only because of their source. */
const port = (name: string, protection: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name} }
spec: { trafficFiltering: Disabled, securityGroupRefs: [], spoofingProtection: ${protection} }
`;

const foreignMac = '0a:66:66:66:66:66';

describeLab('spoofing protection', (lab) => {
  let target: Guest;
  let victim: Guest;
  const attackers = new Map<string, Guest>();
  /** An address of the Subnet that no Port has. */
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

  /** Pings the target with `extra` options, and expects that the pings arrive or not. */
  const expectPings = async (attacker: Guest, arrives: boolean, extra: readonly string[] = []) => {
    const before = await target.echoesReceived();
    const ping = async () => {
      await attacker.ping(target.address, { extra });
      return target.echoesReceived();
    };
    if (arrives) await lab().eventually(async () => expect(await ping()).toBeGreaterThan(before));
    else expect(await ping()).toBe(before);
  };

  it.each(['macandip', 'maconly', 'disabled'])('passes packets with the own addresses (%s)', (name) =>
    expectPings(attackers.get(name)!, true),
  );

  describe('for packets with a foreign IP address', () => {
    it.each([
      ['macandip', 'drops them', false],
      ['maconly', 'passes them', true],
      ['disabled', 'passes them', true],
    ])('%s %s', async (name, _, arrives) => {
      const attacker = attackers.get(name)!;
      await attacker.run('ip', 'address', 'add', `${unused}/32`, 'dev', 'eth0');
      await expectPings(attacker, arrives, ['-I', unused]);
      await attacker.run('ip', 'address', 'del', `${unused}/32`, 'dev', 'eth0');
    });
  });

  describe('for packets with a foreign MAC address', () => {
    it.each([
      ['macandip', 'drops them', false],
      ['maconly', 'drops them', false],
      ['disabled', 'passes them', true],
    ])('%s %s', async (name, _, arrives) => {
      const attacker = attackers.get(name)!;
      await attacker.run('ip', 'link', 'set', 'eth0', 'address', foreignMac);
      // A static neighbour entry, so that the VM sends packets without an ARP request.
      await attacker.run('ip', 'neigh', 'replace', target.address, 'lladdr', target.mac, 'dev', 'eth0');
      await expectPings(attacker, arrives);
      await attacker.run('ip', 'link', 'set', 'eth0', 'address', attacker.mac);
    });
  });

  describe('for ARP announcements of the IP address of a neighbour', () => {
    it.each([
      ['macandip', 'drops them', false],
      ['maconly', 'passes them', true],
      ['disabled', 'passes them', true],
    ])('%s %s', async (name, _, arrives) => {
      const attacker = attackers.get(name)!;
      await target.run('ip', 'neigh', 'flush', 'all');
      await lab().eventually(() => target.reaches(victim.address));
      expect(await target.neighbour(victim.address)).toBe(victim.mac);
      await attacker.run('ip', 'address', 'add', `${victim.address}/32`, 'dev', 'lo');
      const claim = async () => {
        await attacker.run('arping', '-A', '-c', '3', '-I', 'eth0', '-s', victim.address, victim.address);
        return target.neighbour(victim.address);
      };
      if (arrives) await lab().eventually(async () => expect(await claim()).toBe(attacker.mac));
      else expect(await claim()).toBe(victim.mac);
      await attacker.run('ip', 'address', 'del', `${victim.address}/32`, 'dev', 'lo');
    });
  });
});
