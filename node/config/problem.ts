// What is wrong with a configuration, and where. Problems are collected and shown together, so that correcting one
// does not merely reveal the next.

import type { ErrorCode } from '../core/common/errors.ts'

/** One thing to correct. */
export interface Problem {
  /** Where: `--port`, `HERALD_PORT`, `peers.json: B[1]`, `herald.json: retention.bytes`. */
  readonly place: string
  /** What was given and what is allowed. */
  readonly text: string
  readonly code: Extract<ErrorCode, 'CONFIG_INVALID' | 'NODE_UNKNOWN'>
}

export function configProblem(place: string, text: string): Problem {
  return { place, text, code: 'CONFIG_INVALID' }
}

/** One line per problem. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(({ place, text }) => `${place}: ${text}`).join('\n')
}

/** A value as it was given, short enough for a message. */
export function showValue(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
