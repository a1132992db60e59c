/**
 * The lab: hypervisors and VMs as network namespaces of one Linux machine. With the lab, real traffic tests the networks
 * that the operator programs. docs/lab.md shows the topology.
 */
export { CommandError, attempt, run } from '../../process/command.ts';
export type { CommandOptions, Outcome } from '../../process/command.ts';
export { obtainLease } from './dhcp.ts';
export { LabError } from './errors.ts';
export type { Hypervisor, Tunnel } from './hypervisor.ts';
export { internet } from './internet.ts';
export type { Internet } from './internet.ts';
export { MAX_HYPERVISORS, startLab } from './lab.ts';
export type { Lab, LabOptions } from './lab.ts';
export { parseLease } from './lease.ts';
export type { Lease } from './lease.ts';
export { announceMac, connectVeth, INCOMING_INTERFACE, switchInterface } from './machine.ts';
export { AgentProcess, startMetadataAgents } from './metadata.ts';
export { moveVm } from './move.ts';
export { Namespace, namespacesOf, removeAbandonedNamespaces } from './netns.ts';
export type { PortRef } from './ports.ts';
export { labProblem } from './requirements.ts';
export { findLab, listVms, readVm } from './state.ts';
export type { LabState, VmState } from './state.ts';
export { plug, unplug, waitUntilInstalled } from './plug.ts';
export { createVm, deleteVm, hypervisorNamed } from './vm.ts';
export type { LabAccess } from './vm.ts';
