import { commands } from '../../cli/commands.ts';
import type { CommandTable } from '../../cli/io.ts';

/** The commands of a checkout. They replace the entries of production: `verify` here also finds the VMs of a lab. */
export const devCommands: CommandTable = {
  ...commands,
  verify: {
    summary: 'send traffic between machines and compare the results with the objects',
    load: async () => (await import('./verify.ts')).verifyLab,
  },
  dev: {
    summary: 'run the operator in a development cluster on this machine',
    load: async () => (await import('./dev.ts')).dev,
  },
  demo: {
    summary: 'show the operator at work in a development cluster',
    load: async () => (await import('./demo.ts')).demo,
  },
};
