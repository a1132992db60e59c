/** The verbs with which an instruction to a user begins. */
const verbs = [
  ...[
    'add',
    'ask',
    'attach',
    'change',
    'check',
    'correct',
    'create',
    'delete',
    'fix',
    'list',
    'look',
    'lower',
  ],
  ...[
    'merge',
    'move',
    'narrow',
    'raise',
    'read',
    'remove',
    'report',
    'select',
    'set',
    'split',
    'start',
    'swap',
    'update',
    'use',
  ],
  ...['wait', 'write'],
];

const instruction = new RegExp(`^((to|in|on|until|if) [^,]+, )?((first|or) )?(${verbs.join('|')})\\b`, 'i');

/** Whether the last clause of a message, after a full stop, a semicolon or a colon, tells the user what to do. */
export function endsWithRemedy(message: string): boolean {
  const clauses = message.split(/[.;:]\s+/);
  return message.endsWith('.') && instruction.test(clauses.at(-1) ?? '');
}
