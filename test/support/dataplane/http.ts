import type { Guest } from './guest.ts';

/** What came back for a request of HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: 80. */
  readonly port?: number;
  /** Source address; unset: as the machine's routes say. */
  readonly from?: string;
  /** How long to wait for the connection and for all of the answer, in seconds. */
  readonly seconds?: number;
}

/** One request on a connection of its own, byte by byte; with perl, which every Debian has. */
const program = `use IO::Socket::INET;
my ($to, $port, $from, $seconds) = @ARGV;
$SIG{ALRM} = sub { exit 28 };
alarm $seconds;
my $socket = IO::Socket::INET->new(PeerAddr => $to, PeerPort => $port, Proto => "tcp",
  ($from ne "" ? (LocalAddr => $from) : ())) or do { print STDERR "$!"; exit 7 };
print $socket do { local $/; <STDIN> };
$socket->flush;
print while <$socket>;`;

/**
 * Asks a web server from a machine, or from another namespace. Resolves with undefined when there was no connection, or
 * no answer.
 */
export async function askHttp(
  asker: Pick<Guest, 'attempt'>,
  to: string,
  path: string,
  { method = 'GET', headers = {}, port = 80, from = '', seconds = 10 }: HttpOptions = {},
): Promise<HttpAnswer | undefined> {
  const fields = Object.entries({ host: to, connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const input = `${method} ${path} HTTP/1.1\r\n${fields.join('')}\r\n`;
  const argv = ['perl', '-e', program, to, String(port), from, String(seconds)];
  const { code, stdout } = await asker.attempt(argv, { input });
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(stdout)?.[1];
  if (code !== 0 || status === undefined) return undefined;
  return { status: Number(status), body: stdout.slice(stdout.indexOf('\r\n\r\n') + 4) };
}
