/** The API servers that suites run against: the embedded one, and a real one where KUBEBUILDER_ASSETS names it. */
import { startEmbedded } from './embedded.ts';
import { realAssets, startReal } from './real.ts';
import type { RunningServer } from './running-server.ts';

export type { RunningServer } from './running-server.ts';

export interface Target {
  readonly name: 'embedded' | 'real';
  start(): Promise<RunningServer>;
}

const assets = realAssets();

/** What to say when there is no real server to run against; undefined when there is one. */
export const realIsSkipped: string | undefined =
  assets === undefined
    ? 'skipped: the real API server (KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver)'
    : undefined;

export const targets: readonly Target[] = [
  { name: 'embedded', start: startEmbedded },
  ...(assets === undefined ? [] : [{ name: 'real' as const, start: () => startReal(assets) }]),
];
