import { exitCodes, type Command } from './io.ts';

/**
 * The command `name` of the installed program, which does not contain the development cluster. The command explains
 * how to start a development cluster. The npm scripts `dev` and `demo` of the repository start the real command.
 */
export function checkoutOnly(name: 'dev' | 'demo'): Command {
  const help = `The installed program does not contain the development cluster. Clone the repository of overlay-network and run:

  npm run ${name}`;
  return {
    help,
    run: (_args, io) => {
      io.stderr.write(`overlay-network ${name}: ${help}\n`);
      return Promise.resolve(exitCodes.failed);
    },
  };
}
