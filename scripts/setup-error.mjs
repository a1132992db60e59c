/** The set-up failed. The message tells the user what is wrong and what to do. */
export class SetupError extends Error {}
