// Errors as the rest of the code meets them: a failed operation is a HeraldError, an expected refusal is a value. Both carry a
// code of the registry, which says what it means, what to do, and what becomes of the connection.

import type { ErrorEntry } from './error-entry.ts'
import { errorRegistry } from './error-registry.ts'

/** One of the codes of the registry. */
export type ErrorCode = keyof typeof errorRegistry

/** A failed operation, with a code of the registry, what to do, and the cause. */
export class HeraldError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'HeraldError'
    this.code = code
  }

  /** What the reader should do. */
  get action(): string {
    return errorEntry(this.code).action
  }
}

/** Whether this version has the code. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorRegistry, code)
}

/** What the registry says about a code. */
export function errorEntry(code: ErrorCode): ErrorEntry {
  return errorRegistry[code]
}

/** An expected refusal, as a value: nothing was done, and this is why. */
export interface Refusal<Code extends ErrorCode = ErrorCode> {
  readonly refused: Code
  /** Names the value and the bound. */
  readonly reason: string
}
