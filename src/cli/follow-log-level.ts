import { readFileSync } from 'node:fs';
import { ConfigError, resolveConfig, type ConfigSources, type EffectiveSetting } from '../config/index.ts';
import type { Log, LogLevel } from '../process/log.ts';

/** Reads a configuration with a log level; throws ConfigError when the configuration is invalid. */
type Resolve = (sources: ConfigSources) => {
  readonly config: { readonly logLevel: LogLevel };
  readonly settings: readonly EffectiveSetting[];
};

/**
 * How often the file is read, in ms. The file is polled because a file watch misses the change of a mounted
 * ConfigMap: Kubernetes replaces a symbolic link.
 */
const POLL_INTERVAL_MS = 5_000;

/**
 * Applies changes of `logLevel` in the configuration file to the log while the program runs, with the same precedence
 * of sources as at the start. Other changed settings apply only after a restart, and an invalid file is ignored: the
 * log reports both. Does nothing when the program has no configuration file.
 *
 * @returns a function that stops following
 */
export function followLogLevel(
  sources: ConfigSources,
  log: Log,
  {
    pollIntervalMs = POLL_INTERVAL_MS,
    resolve = resolveConfig,
  }: { readonly pollIntervalMs?: number; readonly resolve?: Resolve } = {},
): () => void {
  const path = sources.file ?? (sources.env?.['OVERLAY_NETWORK_CONFIG'] || undefined);
  if (path === undefined) return () => undefined;
  // The text is read before the settings, so that the next poll sees a change between the two reads.
  let text = textOf(path);
  let current = settingsOf(resolve(sources));
  const apply = (): void => {
    try {
      const resolved = resolve(sources);
      const next = settingsOf(resolved);
      const changed = [...next].filter(([key, value]) => value !== current.get(key)).map(([key]) => key);
      current = next;
      if (changed.includes('logLevel')) {
        const { logLevel } = resolved.config;
        log.setLevel(logLevel);
        log.info('changed the log level', { logLevel });
      }
      const later = changed.filter((key) => key !== 'logLevel');
      if (later.length > 0)
        log.warn('settings changed in the configuration file; restart the program to apply them', {
          settings: later,
        });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      log.warn('the changed configuration file is invalid and is ignored', { problems: error.problems });
    }
  };
  const timer = setInterval(() => {
    const now = textOf(path);
    if (now === text) return;
    text = now;
    apply();
  }, pollIntervalMs).unref();
  return () => clearInterval(timer);
}

/** Returns the content of the file, or undefined when the file cannot be read. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function settingsOf({ settings }: ReturnType<Resolve>): ReadonlyMap<string, string> {
  return new Map(settings.map(({ key, value }) => [key, JSON.stringify(value ?? null)]));
}
