/** The files for `ssl:` remotes (PEM), each with the name of its setting. */
export interface TlsSettings {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/**
 * What is wrong between OVSDB remotes, by the names of their settings, and how they are protected; one line for each
 * problem. Remotes that nobody set are no problem.
 */
export function endpointProblems(
  endpoints: Readonly<Record<string, string | undefined>>,
  { tls, allowPlaintext }: { readonly tls: TlsSettings; readonly allowPlaintext: boolean },
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
