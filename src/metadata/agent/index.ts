/**
 * The metadata agent of a hypervisor: serves 169.254.169.254 in the networks that have machines on this hypervisor.
 * The agent identifies the machine that sends a request; src/metadata provides the content of the answers.
 */
export { startMetadataAgent } from './agent.ts';
export { agentSettings, openVSwitchOptions, resolveAgentConfig } from './config.ts';
export { listenIn } from './listen.ts';
export { removeAll } from './remove.ts';
