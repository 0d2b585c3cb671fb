// What nodes say to the leader of a group beside batches: that a stream is to change its mode, and what they have of a sealed epoch. A
// frame is u8 10, 3 bytes 0, and a JSON object.

import { fromOrigin, type NodeId, type Origin } from '../core/common/ids.ts'
import type { StreamDefinition } from '../core/stream/definition.ts'
import { readDefinition, toDefinitionValue } from '../wire/stream-definition.ts'
import { toTextBytes, tryReadText } from '../wire/text.ts'
import { readReport, type SealReport, toReportFields } from './fence.ts'

export const controlFrameType = 10
const headBytes = 4

export type Control =
  /** The stream, which is in this epoch, is to be in the mode of the definition. */
  | { readonly op: 'mode'; readonly epoch: number; readonly definition: StreamDefinition }
  | {
      readonly op: 'sealed'
      readonly epoch: number
      readonly stream: string
      readonly report: SealReport
    }
  /** Batches of this origin follow that were left over when an epoch of the stream ended: its boot is this node's, not the sender's. */
  | { readonly op: 'origin'; readonly stream: string; readonly origin: Origin }

export function encodeControl(control: Control): Uint8Array {
  const text = toTextBytes(JSON.stringify(toFields(control)))
  const frame = new Uint8Array(headBytes + text.length)
  frame[0] = controlFrameType
  frame.set(text, headBytes)
  return frame
}

function toFields(control: Control): object {
  if (control.op === 'origin') return control
  if (control.op === 'sealed') return { ...control, report: toReportFields(control.report) }
  const { op, epoch, definition } = control
  return { op, epoch, stream: definition.name, definition: toDefinitionValue(definition) }
}

/** What a frame of another node says; undefined where it is broken. */
export function decodeControl(frame: Uint8Array, from: NodeId): Control | undefined {
  const text = tryReadText(frame.subarray(headBytes))
  if (text === undefined) return undefined
  let fields: Partial<Record<string, unknown>>
  try {
    fields = Object(JSON.parse(text))
  } catch {
    return undefined
  }
  const { op, epoch, stream, definition: value, report: said, origin } = fields
  if (typeof stream !== 'string') return undefined
  if (op === 'origin') {
    const isOrigin = typeof origin === 'string' && fromOrigin(origin) !== undefined
    return isOrigin ? { op, stream, origin: origin as Origin } : undefined
  }
  if (typeof epoch !== 'number') return undefined
  if (op === 'mode') {
    const definition = readDefinition(stream, value)
    return definition === undefined ? undefined : { op, epoch, definition }
  }
  const report = readReport(said, from)
  return op === 'sealed' && report !== undefined ? { op, epoch, stream, report } : undefined
}
