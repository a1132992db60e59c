/**
 * A test program: performs each operation of the metadata agent on the host once, and prints the result. When it runs
 * with the capabilities of the agent's container, it shows whether they suffice. Argument: a UID.
 */
import { Host } from '../../../src/metadata/agent/host.ts';
import { listenIn } from '../../../src/metadata/agent/listen.ts';

const [uid = ''] = process.argv.slice(2);
const mac = '0a:58:00:00:00:01';
const host = new Host('confined-');
const print = (line: string): boolean => process.stdout.write(`${line}\n`);

try {
  await host.create(uid, mac, false);
  await host.setNeighbours(uid, new Map([['10.0.0.5', '0a:58:00:00:00:05']]));
  const socket = await listenIn(host.namesOf(uid).namespace, '169.254.169.254', 80);
  print((await host.isIntact(uid, mac)) ? 'serving' : 'not intact');
  socket.close();
  await host.blockEgress(uid);
  await host.remove(uid);
  print(`left: ${host.present().length}`);
} catch (error) {
  print(`failed: ${(error as Error).message}`);
}
