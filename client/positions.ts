// Where a subscription stands, per stream and origin: what was received and checked against the delivery rule (a
// new connection resumes there), and what was handed to the application (its cursor).

import { fromOrigin, type Origin, toStreamId } from '../node/core/common/ids.ts'
import { type Cursor, encodeCursor } from '../node/wire/cursor.ts'

export interface Position {
  readonly stream: string
  readonly origin: string
  /** Last sequence that came from the node; the next must be one more. */
  received: number
  /** Last sequence that is behind the application; never above `received`. */
  handed: number
}

export class Positions {
  readonly #streams = new Map<number, Map<number, Position>>()

  clear(): void {
    this.#streams.clear()
  }

  find(stream: number, boot: number): Position | undefined {
    return this.#streams.get(stream)?.get(boot)
  }

  add(stream: number, boot: number, position: Position): Position {
    let boots = this.#streams.get(stream)
    if (boots === undefined) {
      boots = new Map()
      this.#streams.set(stream, boots)
    }
    boots.set(boot, position)
    return position
  }

  /** Takes over the positions of a node's cursor that are not known here; known ones are more exact. */
  adopt(cursor: Cursor): void {
    for (const [stream, vector] of cursor) {
      const number = toStreamId(stream)
      for (const [origin, sequence] of vector) {
        const boot = fromOrigin(origin)?.boot
        if (boot === undefined || this.find(number, boot) !== undefined) continue
        this.add(number, boot, { stream, origin, received: sequence, handed: sequence })
      }
    }
  }

  /** The cursor after everything that was received, or handed out. */
  toCursor(which: 'received' | 'handed'): string {
    const cursor = new Map<string, Map<Origin, number>>()
    for (const boots of this.#streams.values()) {
      for (const position of boots.values()) {
        let vector = cursor.get(position.stream)
        if (vector === undefined) {
          vector = new Map()
          cursor.set(position.stream, vector)
        }
        vector.set(position.origin as Origin, position[which])
      }
    }
    return encodeCursor(cursor)
  }
}
