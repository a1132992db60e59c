import process from 'node:process';

/**
 * What a second terminal needs to speak to the cluster, as indented lines to paste. Where the program runs from its
 * sources it is on nobody's PATH, so there is an alias for it. `argv` is `process.argv`.
 */
export function shellLines(kubeconfig: string, [node = '', main = ''] = process.argv): string {
  const lines = [`  export KUBECONFIG=${kubeconfig}`];
  if (main.endsWith('.ts')) lines.push(`  alias overlay-network="${node} ${main}"`);
  return lines.join('\n');
}
