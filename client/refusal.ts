// What a node says when it refuses a publish: `CODE: reason`.

import { isRefusedCode, type RefusedCode } from '../node/core/common/publish-endings.ts'

/** Takes it apart. */
export function splitReason(text: string): { code: RefusedCode; reason: string } {
  const at = text.indexOf(': ')
  const code = at > 0 ? text.slice(0, at) : text
  if (!isRefusedCode(code)) return { code: 'PROTOCOL_BROKEN', reason: text }
  return { code, reason: at > 0 ? text.slice(at + 2) : '' }
}
