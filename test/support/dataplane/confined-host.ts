/**
 * A program of tests: does to the host what the metadata agent does, once, and prints what came of it. Run with the
 * rights of the agent's container, it shows whether they are enough. Arguments: a UID.
 */
import { Host } from '../../../src/metadata/agent/host.ts';
import { listenIn } from '../../../src/metadata/agent/listen.ts';

const [uid = ''] = process.argv.slice(2);
const mac = '0a:58:00:00:00:01';
const host = new Host('confined-');
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

try {
  await host.create(uid, mac, false);
  await host.setNeighbours(uid, new Map([['10.0.0.5', '0a:58:00:00:00:05']]));
  const socket = await listenIn(host.namesOf(uid).namespace, '169.254.169.254', 80);
  say((await host.isIntact(uid, mac)) ? 'serving' : 'not intact');
  socket.close();
  await host.blockEgress(uid);
  await host.remove(uid);
  say(`left: ${host.present().length}`);
} catch (error) {
  say(`failed: ${(error as Error).message}`);
}
