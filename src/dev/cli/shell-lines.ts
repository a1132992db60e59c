import process from 'node:process';

/**
 * The shell commands that connect a second terminal to the cluster, indented for pasting. A program that runs from its
 * TypeScript sources is not on PATH, so the lines then define an alias for it. `argv` is `process.argv`.
 */
export function shellLines(kubeconfig: string, [node = '', main = ''] = process.argv): string {
  const lines = [`  export KUBECONFIG=${kubeconfig}`];
  if (main.endsWith('.ts')) lines.push(`  alias overlay-network="${node} ${main}"`);
  return lines.join('\n');
}
