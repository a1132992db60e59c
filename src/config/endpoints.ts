/** The files for `ssl:` remotes (PEM), each with the name of its setting. */
export interface TlsSettings {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** How OVSDB remotes on other hosts are protected. */
export interface Protection {
  /** Files for `ssl:` remotes (PEM); either all three are set or none. */
  readonly tls: TlsSettings;
  /** Permits `tcp:` remotes that are not on this host, whose traffic nobody can trust. */
  readonly allowPlaintext: boolean;
}

/** The same as an OVSDB client takes it: with the files of TLS where all three are set. */
export function protectionOf({ allowPlaintext, tls: { ca, cert, key } }: Protection) {
  const tls = ca === undefined || cert === undefined || key === undefined ? {} : { tls: { ca, cert, key } };
  return { allowPlaintext, ...tls };
}

/**
 * What is wrong between OVSDB remotes, by the names of their settings, and how they are protected; one line for each
 * problem. Remotes that nobody set are no problem.
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
    found.push('tls.ca, tls.cert and tls.key must be set together, and all of them for ssl: remotes');
  for (const { key, remote } of given)
    if (remote.startsWith('tcp:') && !isLoopback(remote.slice('tcp:'.length)) && !allowPlaintext)
      found.push(`${key} ${remote} would be plaintext over the network: use ssl:, or set allowPlaintext`);
  return found;
}

const isLoopback = (hostAndPort: string): boolean =>
  /^(127\.[\d.]+|localhost|\[::1\]):\d+$/.test(hostAndPort);
