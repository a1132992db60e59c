import { parseArgs } from 'node:util';
import { ScaffoldError } from './error.ts';
import { namesOf, type KindNames } from './names.ts';

export const ARGUMENTS_HELP = `Usage: npm run new-kind -- NAME [options]

Creates the skeleton of a namespaced kind with a reference to a VPC, rows, a status and conditions.

  NAME                    the kind, singular and in CamelCase: LoadBalancer
  --plural PLURAL         the plural in API paths; default: the lower-case kind with an English plural ending
  --short-name SHORT      the short name for kubectl, which begins with "o"; default: "o" and the capital letters
  --description SENTENCE  what the kind is for: a sentence that begins with the kind and ends with a full stop
`;

/** The arguments of the scaffold. */
export interface Given extends KindNames {
  /** A sentence that begins with the name of the kind. */
  readonly description: string;
}

/**
 * Reads the command line.
 *
 * @throws ScaffoldError when an argument is missing, unknown or malformed
 */
export function readArguments(args: readonly string[]): Given | 'help' {
  const { values, positionals } = parsed(args);
  if (values.help === true) return 'help';
  const [kind, ...more] = positionals;
  if (kind === undefined || more.length > 0)
    throw new ScaffoldError(`Give exactly one name of a kind, such as LoadBalancer.\n\n${ARGUMENTS_HELP}`);
  const names = namesOf(kind, { plural: values.plural, shortName: values['short-name'] });
  const description = values.description ?? `${kind} describes a part of a VPC.`;
  if (!description.startsWith(`${kind} `) || !/^[^\n|]{1,200}\.$/.test(description)) {
    throw new ScaffoldError(
      `The description must be one line of at most 201 characters without "|", begin with "${kind} " and end with a full stop.`,
    );
  }
  return { ...names, description };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        plural: { type: 'string' },
        'short-name': { type: 'string' },
        description: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ScaffoldError(`${message}\n\n${ARGUMENTS_HELP}`, { cause: error });
  }
}
