// Broken invariants stop the process: a wrong answer is worse than no answer.
// Expected refusals are values in return types, failed operations are HeraldErrors; neither comes here.

/** Throws when an invariant does not hold. The message says what should have been true. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`)
}

/** Ends a `switch` over a discriminated union, so that a new member breaks the build wherever it matters. */
export function unreachable(value: never): never {
  throw new Error(`invariant broken: unreachable case ${JSON.stringify(value)}`)
}
