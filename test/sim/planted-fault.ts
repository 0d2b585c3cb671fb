// Breaks the production code on purpose for as long as a function runs. A simulation happens in one turn of the event loop, so
// nothing else sees the broken code.

/** Replaces a method of a prototype while `run` runs. */
export function withFault<Owner extends object, Name extends keyof Owner, Result>(
  owner: Owner,
  name: Name,
  toFaulty: (original: Owner[Name]) => Owner[Name],
  run: () => Result,
): Result {
  const original = owner[name]
  owner[name] = toFaulty(original)
  try {
    return run()
  } finally {
    owner[name] = original
  }
}
