import { readFileSync } from 'node:fs';
import { ConfigError, resolveConfig, type ConfigSources } from '../config/config.ts';
import type { LogLevel } from '../process/log.ts';
import type { Log } from '../process/log.ts';
import type { EffectiveSetting } from '../config/settings.ts';

/** Reads a configuration that has a log level. @throws ConfigError */
type Resolve = (sources: ConfigSources) => {
  readonly config: { readonly logLevel: LogLevel };
  readonly settings: readonly EffectiveSetting[];
};

/** How often the file is looked at, in ms. By looking, since a mounted ConfigMap is a link that is put elsewhere. */
const LOOK_MS = 5_000;

/**
 * Has the log follow `logLevel` in the configuration file while the program runs, by the same precedence as at the
 * start. Other changes are told, as they apply at the next start only; a file that is not valid is told and not used.
 * Without a file nothing is followed. Returns the way to end it.
 */
export function followLogLevel(
  sources: ConfigSources,
  log: Log,
  {
    lookMs = LOOK_MS,
    resolve = resolveConfig,
  }: { readonly lookMs?: number; readonly resolve?: Resolve } = {},
): () => void {
  const path = sources.file ?? (sources.env?.['OVERLAY_NETWORK_CONFIG'] || undefined);
  if (path === undefined) return () => undefined;
  // Read before the settings: what changes between the two is seen at the next look.
  let text = textOf(path);
  let current = settingsOf(resolve(sources));
  const look = (): void => {
    try {
      const resolved = resolve(sources);
      const next = settingsOf(resolved);
      const changed = [...next].filter(([key, value]) => value !== current.get(key)).map(([key]) => key);
      current = next;
      if (changed.includes('logLevel')) {
        const { logLevel } = resolved.config;
        log.setLevel(logLevel);
        log.info('the log level was changed', { logLevel });
      }
      const later = changed.filter((key) => key !== 'logLevel');
      if (later.length > 0)
        log.warn('settings were changed in the file: they apply at the next start', { settings: later });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      log.warn('the configuration file is not valid any more: it is not used', { problems: error.problems });
    }
  };
  const timer = setInterval(() => {
    const now = textOf(path);
    if (now === text) return;
    text = now;
    look();
  }, lookMs).unref();
  return () => clearInterval(timer);
}

/** What the file says; undefined while it cannot be read. */
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
