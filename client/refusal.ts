// What a node says when it refuses a publish: `CODE: reason`.

import { errorRegistry } from '../node/core/common/error-registry.ts'
import type { ErrorCode } from '../node/core/common/errors.ts'

/** Takes it apart. */
export function splitReason(text: string): { code: ErrorCode; reason: string } {
  const at = text.indexOf(': ')
  const code = at > 0 ? text.slice(0, at) : text
  if (!Object.hasOwn(errorRegistry, code)) return { code: 'PROTOCOL_BROKEN', reason: text }
  return { code: code as ErrorCode, reason: at > 0 ? text.slice(at + 2) : '' }
}
