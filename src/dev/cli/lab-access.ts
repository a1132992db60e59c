import { findLab } from '../lab/index.ts';
import type { LabAccess } from '../lab/index.ts';
import { fromKubeconfig, RestClient } from '../../reconcile/index.ts';
import type { Io } from '../../cli/io.ts';

/**
 * Finds the running lab (in `dir`, by $KUBECONFIG, or the only one) and runs `work` with it.
 * @throws LabError NO_LAB when no lab runs, or when several run and none is named
 */
export async function withLab<T>(
  dir: string | undefined,
  { env }: Pick<Io, 'env'>,
  work: (access: LabAccess) => Promise<T>,
): Promise<T> {
  const { KUBECONFIG: kubeconfig } = env;
  const lab = findLab({
    ...(dir === undefined ? {} : { dir }),
    ...(kubeconfig === undefined || kubeconfig === '' ? {} : { kubeconfig }),
  });
  const client = new RestClient(await fromKubeconfig(lab.kubeconfig));
  try {
    return await work({ lab, client });
  } finally {
    client.close();
  }
}
