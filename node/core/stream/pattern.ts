// Patterns: topics with wildcards. `*` stands for exactly one token, `>` for one or more at the end.

import type { Refusal } from '../common/errors.ts'
import { nameProblem } from './topic.ts'

/** Why a pattern is not valid, with the position; undefined if it is. */
export function patternProblem(pattern: string): Refusal | undefined {
  return nameProblem(pattern, 'PATTERN_INVALID', 'pattern')
}

/** True if the topic is one that the pattern stands for. Both must be valid. */
export function matches(pattern: string, topic: string): boolean {
  const wanted = pattern.split('.')
  const given = topic.split('.')
  for (let index = 0; index < wanted.length; index++) {
    if (wanted[index] === '>') return given.length > index
    if (index >= given.length) return false
    if (wanted[index] !== '*' && wanted[index] !== given[index]) return false
  }
  return wanted.length === given.length
}

/** True if at least one topic matches both patterns. */
export function overlaps(left: string, right: string): boolean {
  const a = left.split('.')
  const b = right.split('.')
  const shared = Math.min(a.length, b.length)
  for (let index = 0; index < shared; index++) {
    // `>` needs at least one token, and both sides still have one here.
    if (a[index] === '>' || b[index] === '>') return true
    if (a[index] !== '*' && b[index] !== '*' && a[index] !== b[index]) return false
  }
  return a.length === b.length
}

/** Whether any of some patterns overlaps any of others. */
export function overlapAny(some: readonly string[], others: readonly string[]): boolean {
  return some.some((one) => others.some((other) => overlaps(one, other)))
}
