/** Something that the user can put right: the message says what and how, so set-up prints it without a stack. */
export class Problem extends Error {}
