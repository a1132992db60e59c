/** The PEM files for `ssl:` remotes, by the names of their settings. */
interface TlsSettings {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** The protection of connections to OVSDB remotes on other hosts. */
export interface Protection {
  /** PEM files for `ssl:` remotes: either all three files are set, or no file is set. */
  readonly tls: TlsSettings;
  /** Allows `tcp:` remotes on other hosts. Their traffic can be read and changed on the network. */
  readonly allowPlaintext: boolean;
}

/** Returns the options for an OVSDB client; `tls` is present when all three files are set. */
export function protectionOf({ allowPlaintext, tls: { ca, cert, key } }: Protection) {
  const tls = ca === undefined || cert === undefined || key === undefined ? {} : { tls: { ca, cert, key } };
  return { allowPlaintext, ...tls };
}

/**
 * Returns the conflicts between OVSDB remotes and their protection, one line for each problem. Undefined remotes are
 * ignored.
 *
 * @param endpoints the remotes by the names of their settings
 */
export function endpointProblems(
  endpoints: Readonly<Record<string, string | undefined>>,
  { tls, allowPlaintext }: Protection,
): readonly string[] {
  const found: string[] = [];
  const given = Object.entries(endpoints).flatMap(([key, remotes]) =>
    (remotes?.split(',') ?? []).map((remote) => ({ key, remote })),
  );
  const files = [tls.ca, tls.cert, tls.key].filter((file) => file !== undefined).length;
  const ssl = given.some(({ remote }) => remote.startsWith('ssl:'));
  if (files !== 3 && (ssl || files > 0))
    found.push('tls.ca, tls.cert and tls.key must be set together; ssl: remotes require all three');
  for (const { key, remote } of given)
    if (remote.startsWith('tcp:') && !isLoopback(remote.slice('tcp:'.length)) && !allowPlaintext)
      found.push(`${key} ${remote} is unencrypted and on another host: use ssl:, or set allowPlaintext`);
  return found;
}

const isLoopback = (hostAndPort: string): boolean =>
  /^(127\.[\d.]+|localhost|\[::1\]):\d+$/.test(hostAndPort);
