import { findLab } from '../lab/index.ts';
import type { LabAccess } from '../lab/index.ts';
import { fromKubeconfig, RestClient } from '../../reconcile/index.ts';
import type { Io } from '../../cli/io.ts';

/** Finds the running lab that a person means, and runs `work` with it. @throws LabError NO_LAB */
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
