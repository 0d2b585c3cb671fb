// The limits of what a message may carry besides its payload, checked where a message comes in as an object.

import { protocolLimits } from '../core/common/limits.ts'
import type { PublishRefusal } from '../core/common/publish-endings.ts'

/** Why headers and key cannot be; undefined if they can. UTF-8 takes at most three bytes a code unit. */
export function headersProblem(headers: unknown, key: unknown): PublishRefusal | undefined {
  if (key !== undefined && (typeof key !== 'string' || key.length * 3 > protocolLimits.keyBytesMax)) {
    return {
      refused: 'KEY_TOO_LARGE',
      reason: `the key must be a text of at most ${protocolLimits.keyBytesMax} bytes`,
    }
  }
  if (headers === undefined) return undefined
  const refuse = (reason: string): PublishRefusal => ({ refused: 'HEADERS_TOO_LARGE', reason })
  if (typeof headers !== 'object' || headers === null) return refuse('headers must be an object of texts')
  const pairs = Object.entries(headers)
  const { headerCountMax, headerBytesMax } = protocolLimits
  if (pairs.length > headerCountMax)
    return refuse(`${pairs.length} headers, at most ${headerCountMax} are allowed`)
  let bytes = 0
  for (const [name, value] of pairs) {
    if (typeof value !== 'string') return refuse(`header ${name} is not a text`)
    if (name.length * 3 > 255) return refuse(`the header name ${name.slice(0, 40)}… is longer than 255 bytes`)
    bytes += 3 + (name.length + value.length) * 3
  }
  return bytes > headerBytesMax
    ? refuse(`headers of up to ${bytes} bytes, at most ${headerBytesMax} are allowed`)
    : undefined
}
