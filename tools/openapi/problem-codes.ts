/** Codes of problems that only some operations answer with, by operation and status. The conformance check of the tests refuses a code that is not declared. */
export const problemCodes: Record<string, Record<number, readonly string[]>> = {};
