import { beforeAll, expect, it } from '@jest/globals';
import { describeLab } from '../support/dataplane/describe.ts';
import { flowCountOf } from '../support/dataplane/flows.ts';

const API = 'apiVersion: network.plasmavmc.io/v1alpha1';
/** The limit `limits.policiesPerPort`. */
const POLICIES = 32;
const RULES = 10;
/** The number of policies with different rules that stay within the limit `limits.matchesPerPort`. */
const DIFFERENT = 25;

describeLab('the flows of many TrafficPolicies of one Port', (lab) => {
  beforeAll(async () => {
    await lab().apply(
      `${API}\nkind: VPC\nmetadata: { name: main }\nspec: { cidr: 10.4.0.0/16 }`,
      `${API}\nkind: Port\nmetadata: { name: vm, labels: { restricted: 'yes' } }\nspec: {}`,
    );
    await lab().guest({ name: 'vm', on: 1 });
  }, 60_000);

  /** Applies `count` policies with these rules in both directions; returns the flows that they add, and removes them. */
  const flowsOf = async (count: number, rule: (policy: number, index: number) => object): Promise<number> => {
    const before = await settledFlows(0);
    const names = Array.from({ length: count }, (_, policy) => `policy-${policy}`);
    await lab().apply(
      ...names.map((name, policy) => {
        const rules = Array.from({ length: RULES }, (_, index) => rule(policy, index));
        const spec = {
          appliesTo: { portSelector: { matchLabels: { restricted: 'yes' } } },
          ingress: rules,
          egress: rules,
        };
        return `${API}\nkind: TrafficPolicy\nmetadata: { name: ${name} }\nspec: ${JSON.stringify(spec)}`;
      }),
    );
    const flows = (await settledFlows(count)) - before;
    await Promise.all(names.map((name) => lab().delete('TrafficPolicy', name)));
    return flows;
  };

  /** Waits until the hypervisor has the flows of the policies that apply to the Port. */
  const settledFlows = async (policies: number): Promise<number> => {
    const { nbctl } = lab().cluster.ovn;
    await lab().eventually(async () => {
      const groups = await nbctl('--bare', '--columns=acls', 'find', 'Port_Group', 'ports!=[]');
      expect((await lab().get('Port', 'vm')).status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'Ready', status: 'True' }),
      );
      expect(groups.split('\n').filter((acls) => acls.split(' ').length > RULES)).toHaveLength(policies);
    });
    await nbctl('--wait=hv', '--timeout=60', 'sync');
    return flowCountOf(lab().lab.hypervisors[0]!);
  };

  it('are shared for equal rules', async () => {
    const rule = (_: number, index: number): object => ({
      protocol: index % 2 === 0 ? 'TCP' : 'UDP',
      ports: { min: 1000 + index },
    });
    const one = await flowsOf(1, rule);
    expect(one).toBeGreaterThan(1000);
    expect(await flowsOf(POLICIES, rule)).toBeLessThan(1.5 * one);
  }, 120_000);

  it('grow only by the listed networks and ports for different rules', async () => {
    const rule = (policy: number, index: number): object => ({
      protocol: 'TCP',
      ports: { min: 1000 + policy + index },
      remote: { cidr: `10.${100 + index}.${policy}.0/24` },
    });
    const one = await flowsOf(1, rule);
    const each = ((await flowsOf(DIFFERENT, rule)) - one) / (DIFFERENT - 1);
    expect(each).toBeGreaterThan(RULES);
    expect(each).toBeLessThan(one / 2);
    // The restriction of ingress and egress of 20 networks and 20 ports, for tracked and for new connections.
    expect(each).toBeLessThan(900);
  }, 120_000);
});
