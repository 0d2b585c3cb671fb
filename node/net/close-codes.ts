// From error codes to what a connection shows of them: WebSocket close status, close reason, and the counter.

import type { CounterName } from '../core/common/counters.ts'
import { errorRegistry } from '../core/common/error-registry.ts'
import type { ErrorCode } from '../core/common/errors.ts'

/** Close status for a node whose id another running node has. */
export const closeDuplicate = 4409
/** Close status for a node that may not be linked, for any other reason than that. */
export const closeRefused = 4401
/** Close status of an orderly end. */
export const closeGoingAway = 1001

const reasonBytesMax = 123

/** The WebSocket close status that the registry gives an error; 1008 for errors that close nothing by themselves. */
export function toCloseStatus(code: ErrorCode): number {
  const fate = errorRegistry[code].fate
  return fate.startsWith('close ') ? Number(fate.slice('close '.length)) : 1008
}

/** A close reason of at most 123 bytes (RFC 6455 §5.5), cut between characters. */
export function toCloseReason(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= reasonBytesMax) return text
  let end = reasonBytesMax
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}

/** What the other end did wrong, as a counter and a code of the registry. */
export interface SocketFault {
  readonly code: ErrorCode
  readonly counter: CounterName
}

/** The fault behind an error that `ws` reports while reading; `ws` itself sends the matching close status. */
export function toSocketFault(error: Error): SocketFault {
  switch ('code' in error ? error.code : undefined) {
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
    case 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH':
      return { code: 'FRAME_TOO_LARGE', counter: 'framesTooLarge' }
    case 'WS_ERR_TOO_MANY_BUFFERED_PARTS':
      return { code: 'FRAME_FRAGMENTED', counter: 'framesFragmented' }
    case 'WS_ERR_INVALID_UTF8':
      return { code: 'TEXT_INVALID', counter: 'textsInvalid' }
    default:
      return { code: 'PROTOCOL_BROKEN', counter: 'framesMalformed' }
  }
}
