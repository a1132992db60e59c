/** The API servers under test: the embedded one, and a real one when KUBEBUILDER_ASSETS names it. */
import { startEmbedded } from './embedded.ts';
import { realAssets, startReal } from './real.ts';
import type { RunningServer } from './running-server.ts';

export type { RunningServer } from './running-server.ts';

export interface Target {
  readonly name: 'embedded' | 'real';
  start(): Promise<RunningServer>;
}

const assets = realAssets();

/** The reason why tests skip the real server. Undefined when it is available. */
export const realIsSkipped: string | undefined =
  assets === undefined
    ? 'skipped: the real API server (KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver)'
    : undefined;

export const targets: readonly Target[] = [
  { name: 'embedded', start: startEmbedded },
  ...(assets === undefined ? [] : [{ name: 'real' as const, start: () => startReal(assets) }]),
];
