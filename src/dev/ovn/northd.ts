import { Daemon } from './daemon.ts';

/** The remotes of ovn-northd's databases (`unix:<path>`), and the private folder for its sockets and log. */
interface NorthdOptions {
  readonly dir: string;
  readonly northbound: string;
  readonly southbound: string;
}

/** Starts ovn-northd; resolves when its control socket answers. */
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
