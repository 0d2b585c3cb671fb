// What a replay has come to.

export interface Mismatch {
  /** Line of the step, from 1. */
  readonly line: number
  readonly command: string
  /** Lines that were expected and did not come. */
  readonly missing: readonly string[]
  /** Lines that came and were not expected. */
  readonly unexpected: readonly string[]
}

export interface Verdict {
  readonly kind: 'quorum' | 'confchange' | 'interaction'
  readonly steps: number
  readonly mismatches: readonly Mismatch[]
  /** Why the rest of the file was not replayed. */
  readonly unsupported: string | undefined
}

/** The lines of two texts that the other has not, each as often as it stands there. */
export function compareLines(
  expected: readonly string[],
  actual: readonly string[],
): Pick<Mismatch, 'missing' | 'unexpected'> | undefined {
  const rest = [...actual]
  const missing = expected.filter((line) => {
    const at = rest.indexOf(line)
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
  return missing.length + rest.length === 0 ? undefined : { missing, unexpected: rest }
}
