/**
 * The metadata agent, one on each hypervisor: answers 169.254.169.254 in the networks that have machines there. What is
 * answered is src/metadata's; here is who asks.
 */
export { startMetadataAgent, type MetadataAgent } from './agent.ts';
export { agentSettings, openVSwitchOptions, resolveAgentConfig, type AgentConfig } from './config.ts';
export { listenIn } from './listen.ts';
export { removeAll } from './remove.ts';
