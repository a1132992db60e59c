/** A set-up that cannot go on, in words for the person who ran it: what is wrong and what to do. */
export class SetupError extends Error {}
