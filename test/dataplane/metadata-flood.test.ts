import { beforeAll, expect, it } from '@jest/globals';
import { resolveAgentConfig } from '../../src/metadata/agent/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';
import { askHttp } from '../support/dataplane/http.ts';

const service = '169.254.169.254';
const path = '/latest/meta-data/instance-id';
const SECONDS = 4;

const port = (name: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name} }
spec: { subnetRef: { name: net } }
`;

/**
 * A Perl program that sends requests on new connections, and many requests on each connection, for some seconds. It
 * prints how many answers had each status.
 */
const flood = `use IO::Socket::INET; use Time::HiRes "time"; $SIG{PIPE} = "IGNORE";
my $end = time + ${SECONDS}; my %count; my $request = "GET ${path} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" x 50;
while (time < $end) {
  my $socket = IO::Socket::INET->new(PeerAddr => "${service}", PeerPort => 80, Timeout => 1) or do { $count{0}++; next };
  while (time < $end) {
    last unless print $socket $request; $socket->flush;
    my $text = ""; my $got = 0;
    while ($got < 50) {
      sysread($socket, $text, 65536, length $text) or last;
      $got = () = $text =~ m{HTTP/1\\.1 \\d}g;
    }
    $count{$_}++ for $text =~ m{HTTP/1\\.1 (\\d+)}g;
    last if $got < 50;
  }
}
print join ",", map { "$_=$count{$_}" } sort keys %count;`;

describeLab(
  'a machine that floods the metadata service',
  (lab) => {
    let attacker: Guest;
    let neighbour: Guest;

    beforeAll(async () => {
      await lab().apply(
        `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main }
spec: { cidr: 10.41.0.0/16 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: net }
spec: { cidr: 10.41.1.0/24, metadata: Enabled }
`,
        port('attacker'),
        port('neighbour'),
      );
      [attacker, neighbour] = await lab().guests({ name: 'attacker', on: 1 }, { name: 'neighbour', on: 1 });
      for (const guest of [attacker, neighbour])
        await lab().eventually(async () =>
          expect(await askHttp(guest, service, path)).toMatchObject({ status: 200 }),
        );
    }, 90_000);

    it('gets answers at the limit of one machine, and its neighbour gets all answers', async () => {
      const { requestsPerSecond, requestBurst } = resolveAgentConfig().config;
      const times: number[] = [];
      const start = performance.now();
      const [output] = await Promise.all([
        attacker.run('perl', '-e', flood),
        (async () => {
          while (performance.now() - start < SECONDS * 1000 && times.length < requestBurst / 2) {
            const before = performance.now();
            expect(await askHttp(neighbour, service, path)).toMatchObject({ status: 200 });
            times.push(performance.now() - before);
          }
        })(),
      ]);
      const seconds = (performance.now() - start) / 1000;
      const counts = new Map(output.split(',').map((each) => each.split('=') as [string, string]));
      expect(Number(counts.get('200'))).toBeGreaterThanOrEqual(requestBurst - 50);
      expect(Number(counts.get('200'))).toBeLessThanOrEqual(requestBurst + requestsPerSecond * seconds);
      expect(Number(counts.get('429'))).toBeGreaterThan(0);
    }, 60_000);
  },
  { metadata: true },
);
