import { Daemon } from './daemon.ts';

/** Where ovn-northd finds its databases (`unix:<path>`), and the private folder for its sockets and log. */
export interface NorthdOptions {
  readonly dir: string;
  readonly northbound: string;
  readonly southbound: string;
}

/** Starts ovn-northd, which translates the Northbound into the Southbound database; resolves when it answers. */
export async function startNorthd({ dir, northbound, southbound }: NorthdOptions): Promise<Daemon> {
  const northd = new Daemon({
    program: 'ovn-northd',
    name: 'ovn-northd',
    dir,
    args: [`--ovnnb-db=${northbound}`, `--ovnsb-db=${southbound}`],
  });
  await northd.start();
  return northd;
}
