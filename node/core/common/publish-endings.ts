// The codes with which a publication ends that was not acknowledged: as what, and whether it may be published again. docs/client.md has the
// same as a table, which a test compares; whoever ends a publication takes the status from here.

import type { Refusal } from './errors.ts'

/** A code that says that nothing of a publication was stored. */
export type RefusedCode =
  | 'TOPIC_INVALID'
  | 'PAYLOAD_TOO_LARGE'
  | 'HEADERS_TOO_LARGE'
  | 'KEY_TOO_LARGE'
  /** Only in JSON: the library throws. */
  | 'PRODUCER_INVALID'
  /** Only in JSON. */
  | 'CONTROL_MALFORMED'
  | 'PRODUCER_SEQUENCE_OLD'
  | 'PUBLISH_RATE_LIMITED'
  | 'NO_LEADER'
  | 'CLIENT_BUFFER_FULL'
  | 'CLIENT_DISCONNECTED'
  | 'CLIENT_CLOSED'
  /** A node of another version has refused it, with a code that is not here. */
  | 'PROTOCOL_BROKEN'

/** A code that says that nobody knows. */
export type UnknownCode = 'PUBLISH_UNKNOWN' | 'COPIES_TIMEOUT'

/** What its publisher is told with `COPIES_TIMEOUT`. */
export const copiesTimeoutReason =
  'not enough nodes confirmed it in time: in gossip mode its node has it, in leader mode it may get its place yet'

/** A code with which a publication may end. */
export type PublishCode = RefusedCode | UnknownCode

/** Why nothing of a publication was stored. */
export type PublishRefusal = Refusal<RefusedCode>

const asItIs = 'not as it is: it would be refused again'
const later = 'yes, later'
const isNamed =
  'with a [named producer](#named-producers) on a stream in leader mode; else only if doubling is harmless'

/** Whether to publish again what was refused. */
export const refusedCodes: Readonly<Record<RefusedCode, string>> = {
  TOPIC_INVALID: asItIs,
  PAYLOAD_TOO_LARGE: asItIs,
  HEADERS_TOO_LARGE: asItIs,
  KEY_TOO_LARGE: asItIs,
  PRODUCER_INVALID: asItIs,
  CONTROL_MALFORMED: asItIs,
  PRODUCER_SEQUENCE_OLD:
    'no: it would be refused again, and under another sequence it may double what an earlier attempt has stored',
  PUBLISH_RATE_LIMITED: later,
  NO_LEADER: later,
  CLIENT_BUFFER_FULL: later,
  CLIENT_DISCONNECTED: 'yes, when a node can be reached',
  CLIENT_CLOSED: 'yes, with another client',
  PROTOCOL_BROKEN: 'yes, over a node of the same version',
}

/** Whether to publish again what may be stored. */
export const unknownCodes: Readonly<Record<UnknownCode, string>> = {
  PUBLISH_UNKNOWN: isNamed,
  COPIES_TIMEOUT: isNamed,
}

export function isRefusedCode(code: string): code is RefusedCode {
  return Object.hasOwn(refusedCodes, code)
}
