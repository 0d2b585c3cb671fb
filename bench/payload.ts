// The payload of every system, byte by byte: u32 number of the message in its phase, u8 phase, 3 bytes filler, f64 intended
// send time on the host's clock, filler up to the size. Payloads lie in slots that are used in turn, because a client may
// keep a reference until it writes to its socket: making a new one per message would measure the allocator.

/** The smallest payload that holds all fields. */
export const payloadBytesMin = 16
/** Messages after which a slot is written again; more than any driver has under way. */
export const payloadSlots = 32_768

const filler = 0x61
const phaseAt = 4
const timeAt = 8

/** Makes the payloads of one phase after the other. */
export class PayloadRing {
  readonly payloadBytes: number
  readonly #slots: readonly Buffer[]
  #phase = 0
  /** Messages made in this phase. */
  count = 0

  /** A payload's bytes are good until `slotCount` later ones. */
  constructor(payloadBytes: number, slotCount: number) {
    if (payloadBytes < payloadBytesMin)
      throw new RangeError(`payloadBytes: ${payloadBytes} is below ${payloadBytesMin}`)
    this.payloadBytes = payloadBytes
    const slab = Buffer.alloc(payloadBytes * slotCount, filler)
    this.#slots = Array.from({ length: slotCount }, (_, slot) =>
      slab.subarray(slot * payloadBytes, (slot + 1) * payloadBytes),
    )
  }

  /** Starts a phase, at message 0. Everything of the one before must have been sent. */
  begin(phase: number): this {
    this.#phase = phase
    this.count = 0
    return this
  }

  /** The next message, without a time. */
  next(): Buffer {
    const number = this.count++
    const slot = this.#slots[number % this.#slots.length] as Buffer
    slot[0] = number
    slot[1] = number >>> 8
    slot[2] = number >>> 16
    slot[3] = number >>> 24
    slot[phaseAt] = this.#phase
    return slot
  }

  /** The next message with its intended send time. */
  nextAt(intendedMs: number): Buffer {
    const slot = this.next()
    slot.writeDoubleLE(intendedMs, timeAt)
    return slot
  }
}

/** The number of a message within its phase. */
export function readNumber(payload: Uint8Array): number {
  return (
    ((payload[0] as number) |
      ((payload[1] as number) << 8) |
      ((payload[2] as number) << 16) |
      ((payload[3] as number) << 24)) >>>
    0
  )
}

export function readPhase(payload: Uint8Array): number | undefined {
  return payload[phaseAt]
}

/** When the message was meant to be sent. */
export function readIntendedMs(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getFloat64(timeAt, true)
}
