import type { CommandTable } from './io.ts';

/** The commands of the installed program. A process loads only the command that it runs. */
export const commands: CommandTable = {
  run: {
    summary: 'run the operator',
    load: async () => (await import('./run.ts')).run,
  },
  config: {
    summary: 'print the effective settings and their sources',
    load: async () => (await import('./config.ts')).config,
  },
  doctor: {
    summary: 'find problems of an installation and print the remedies',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  verify: {
    summary: 'send traffic between VMs and compare the results with the objects',
    load: async () => (await import('./verify.ts')).verify,
  },
  'metadata-agent': {
    summary: 'run the metadata service on a hypervisor',
    load: async () => (await import('./metadata-agent.ts')).metadataAgent,
  },
  uninstall: {
    summary: 'remove the finalizers, so that objects can be deleted without the operator',
    load: async () => (await import('./uninstall.ts')).uninstall,
  },
  dev: {
    summary: 'run the operator in a development cluster (only from a checkout)',
    load: async () => (await import('./checkout-only.ts')).checkoutOnly('dev'),
  },
  demo: {
    summary: 'demonstrate the operator in a development cluster (only from a checkout)',
    load: async () => (await import('./checkout-only.ts')).checkoutOnly('demo'),
  },
};
