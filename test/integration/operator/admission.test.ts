import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { API_VERSION } from '../../../src/api/index.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { REFUSAL } from '../../support/operator/api-proxy.ts';
import { Gate } from '../../support/operator/gate.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

const vpc = {
  apiVersion: API_VERSION,
  kind: 'VPC',
  metadata: { name: 'net' },
  spec: { cidr: '10.10.0.0/16', defaults: 'None' },
};

/** A write that the API server refuses; `label` is the label of the write at the gate. */
const finalizerPatch = 'PATCH default/vpcs/net';
const statusPatch = 'PATCH default/vpcs/net/status';

describe.each(targets)('an operator whose writes are refused ($name API server)', (target) => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start(target, { northd: false });
  }, 60_000);
  beforeEach(() => cluster.reset());
  afterAll(() => cluster.stop());

  /** Starts an operator whose writes with this label get the answer 422. */
  async function refusing(label: string): Promise<{ readonly gate: Gate; readonly address: string }> {
    const gate = new Gate();
    gate.refuses = (one) => one === label;
    const { address = '' } = await cluster.startOperator({
      gate,
      settings: { 'listen-addr': '127.0.0.1:0' },
    });
    return { gate, address };
  }

  const warnings = (): readonly object[] =>
    cluster.log.lines.filter(({ message }) => message === 'reconcile failed, will retry');

  /** The number of reconciles of VPCs with this result. */
  async function reconciles(address: string, result: string): Promise<number> {
    const text = await (await fetch(`http://${address}/metrics`)).text();
    const sample = `controller_runtime_reconcile_total{controller="VPC",result="${result}"} `;
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(sample))
        ?.slice(sample.length) ?? 0,
    );
  }

  it('reports a refused finalizer in the status, the log and the metrics, and continues when it is allowed', async () => {
    const { gate, address } = await refusing(finalizerPatch);
    await cluster.apply(vpc);
    const ready = await cluster.reason('VPC', 'net', 'Ready', 'FinalizerRefused');
    expect(ready).toMatchObject({ status: 'False', message: expect.stringContaining(REFUSAL) });
    expect(warnings()[0]).toMatchObject({ level: 'warn', kind: 'VPC', error: REFUSAL });
    await cluster.eventually(async () => expect(await reconciles(address, 'error')).toBeGreaterThan(0));
    expect(await reconciles(address, 'success')).toBe(0);
    gate.refuses = () => false;
    await cluster.reason('VPC', 'net', 'Ready', 'Ready');
  });

  it('reports in the status that a policy refuses to remove the finalizer of a deleted object', async () => {
    const { gate } = await refusing('');
    await cluster.apply(vpc);
    await cluster.reason('VPC', 'net', 'Ready', 'Ready');
    gate.refuses = (label) => label === finalizerPatch;
    await cluster.delete('VPC', 'net');
    await cluster.reason('VPC', 'net', 'Ready', 'FinalizerRefused');
    gate.refuses = () => false;
    await cluster.gone('VPC', 'net');
  });

  it('reports a refused status in the log and the metrics', async () => {
    const { gate, address } = await refusing(statusPatch);
    await cluster.apply(vpc);
    await cluster.eventually(() =>
      expect(warnings()[0]).toMatchObject({ level: 'warn', kind: 'VPC', error: REFUSAL }),
    );
    await cluster.eventually(async () => expect(await reconciles(address, 'error')).toBeGreaterThan(0));
    gate.refuses = () => false;
    await cluster.reason('VPC', 'net', 'Ready', 'Ready');
  });
});
