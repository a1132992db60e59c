import type { Guest } from './guest.ts';

/** The response to an HTTP request. */
interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: 80. */
  readonly port?: number;
  /** Source address; default: as the routes of the VM determine. */
  readonly from?: string;
  /** Time limit for the connection and the complete response, in seconds. */
  readonly seconds?: number;
}

/** A Perl program that sends one request on a new connection. Every Debian has perl. */
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
 * Sends an HTTP request from a VM or another namespace. Resolves with undefined when the connection failed or the server
 * sent no response.
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
