import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The environment that determines the default credentials. */
export interface CredentialEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder of the pod's service account. */
  readonly serviceAccount: string;
}

/** Returns the paths of the default kubeconfigs that exist: those in KUBECONFIG, otherwise ~/.kube/config. */
export function defaultKubeconfigs(env: CredentialEnvironment['env']): readonly string[] {
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  const home = env['HOME'] === undefined ? [] : [join(env['HOME'], '.kube', 'config')];
  return (listed.length > 0 ? listed : home).filter((path) => existsSync(path));
}

/**
 * Checks that there are default credentials.
 *
 * @throws Error that lists the places where the credentials were searched
 */
export function expectDefaultCredentials({ env, serviceAccount }: CredentialEnvironment): void {
  if (defaultKubeconfigs(env).length > 0) return;
  const { KUBECONFIG = '', HOME } = env;
  const places =
    KUBECONFIG === ''
      ? [
          'KUBECONFIG is not set',
          HOME === undefined ? 'HOME is not set' : `${join(HOME, '.kube', 'config')} does not exist`,
          `there is no service account of a pod in ${serviceAccount}`,
        ]
      : [`KUBECONFIG is ${KUBECONFIG}, and no such file exists`];
  throw new Error(
    `no kubeconfig found: ${places.join('; ')}. Set the option --kubeconfig or the variable KUBECONFIG`,
  );
}
