/** A problem that the user of the scaffold can fix. The message says how. */
export class ScaffoldError extends Error {
  override readonly name = 'ScaffoldError';
  readonly code = 'SCAFFOLD_REFUSED';
}
