// Frames of Raft messages that are larger than a link takes: a floor may be. They travel in parts, one behind the other, and are put
// together where they come; whole frames may come in between. Where a part is lost, so is the frame: Raft asks again.
//
//   u8 9   u8 1 while more parts follow   u16 number of the part, 1, 2, 3 …   a piece of what follows the head of the frame
//
// A frame that is whole has zeros there.

import type { NodeId } from '../core/common/ids.ts'
import { protocolLimits } from '../core/common/limits.ts'
import { readU16, writeU16 } from '../wire/bytes.ts'
import { raftFrameType } from '../wire/raft-frames.ts'

const headBytes = 4
/** Of one part. */
const partBytesMax = 524_288
/** Of a frame: twice what a floor may keep. What another node sends beyond is dropped. */
const framePartsBytesMax = 268_435_456

/** The frame as it is where a link takes that, or in parts. */
export function cutFrame(frame: Uint8Array, allocate: (bytes: number) => Uint8Array): readonly Uint8Array[] {
  if (frame.length <= protocolLimits.frameBytesMax) return [frame]
  const parts: Uint8Array[] = []
  for (let at = headBytes; at < frame.length; at += partBytesMax) {
    const piece = frame.subarray(at, at + partBytesMax)
    const part = allocate(headBytes + piece.length)
    part[0] = raftFrameType
    part[1] = at + piece.length < frame.length ? 1 : 0
    writeU16(part, 2, parts.length + 1)
    part.set(piece, headBytes)
    parts.push(part)
  }
  return parts
}

interface Gathering {
  readonly parts: Uint8Array[]
  bytes: number
}

export class FrameParts {
  /** What has come of a frame from every node, whose last part is still to come. */
  readonly #gathering = new Map<NodeId, Gathering>()
  readonly #allocate: (bytes: number) => Uint8Array

  constructor(allocate: (bytes: number) => Uint8Array) {
    this.#allocate = allocate
  }

  /** The frame that is whole with this one; `waits` where another part is to come, or one was lost; undefined where it is too large. */
  take(node: NodeId, frame: Uint8Array): Uint8Array | 'waits' | undefined {
    const number = frame.length < headBytes ? 0 : readU16(frame, 2)
    // Whole frames go past those that travel in parts.
    if (number === 0) return frame
    const known = number > 1 ? this.#gathering.get(node) : undefined
    this.#gathering.delete(node)
    const gathering = known ?? { parts: [], bytes: headBytes }
    if (gathering.parts.length !== number - 1) return 'waits'
    // Whoever brings it may use its bytes again.
    gathering.parts.push(frame.slice(headBytes))
    gathering.bytes += frame.length - headBytes
    if (gathering.bytes > framePartsBytesMax) return undefined
    if (frame[1] === 0) return this.#join(gathering)
    this.#gathering.set(node, gathering)
    return 'waits'
  }

  /** A link is gone, and what was on its way over it. */
  forget(node: NodeId): void {
    this.#gathering.delete(node)
  }

  #join({ parts, bytes }: Gathering): Uint8Array {
    const frame = this.#allocate(bytes)
    frame.set([raftFrameType, 0, 0, 0])
    let at = headBytes
    for (const part of parts) {
      frame.set(part, at)
      at += part.length
    }
    return frame
  }
}
