/** The settings of the operator, and the parts from which other programs build their own settings. */
export { type Config, configSettings, loadConfig, resolveConfig } from './config.ts';
export { endpointProblems, type Protection, protectionOf } from './endpoints.ts';
export { type OvsdbTimes, ovsdbSettings, ovsdbTimesOf } from './ovsdb.ts';
export {
  ConfigError,
  type ConfigSources,
  describeSettings,
  type EffectiveSetting,
  setting,
  type SettingInfo,
  SettingReader,
} from './settings.ts';
export { clusterName, flag, integer, InvalidValueError, listen, oneOf, optional, remotes } from './values.ts';
