// A double-ended queue over a power-of-two ring: push and shift in O(1) without moving elements.
// Items are addressed by a position that keeps counting up (`first`..`end`-1), so that a cursor into the
// queue stays valid while the head is trimmed away under it.

/** A growing ring buffer addressed by absolute positions. */
export class Deque<Item> {
  #ring: (Item | undefined)[] = new Array(16)
  #mask = 15
  #first = 0
  #end = 0

  /** Absolute position of the oldest item; equals `end` when empty. */
  get first(): number {
    return this.#first
  }

  /** Absolute position that the next pushed item takes. */
  get end(): number {
    return this.#end
  }

  get length(): number {
    return this.#end - this.#first
  }

  /** The item at an absolute position, or undefined when it was trimmed or does not exist yet. */
  at(position: number): Item | undefined {
    if (position < this.#first || position >= this.#end) return undefined
    return this.#ring[position & this.#mask]
  }

  /** Puts another item in the place of one that is still there; does nothing at other positions. */
  replace(position: number, item: Item): void {
    if (position >= this.#first && position < this.#end) this.#ring[position & this.#mask] = item
  }

  push(item: Item): void {
    if (this.#end - this.#first > this.#mask) this.#grow()
    this.#ring[this.#end & this.#mask] = item
    this.#end++
  }

  /** Removes and returns the oldest item. */
  shift(): Item | undefined {
    if (this.#first === this.#end) return undefined
    const slot = this.#first & this.#mask
    const item = this.#ring[slot]
    this.#ring[slot] = undefined
    this.#first++
    return item
  }

  /** The oldest item without removing it. */
  peek(): Item | undefined {
    return this.at(this.#first)
  }

  #grow(): void {
    const ring: (Item | undefined)[] = new Array((this.#mask + 1) * 2)
    const mask = ring.length - 1
    for (let position = this.#first; position < this.#end; position++) {
      ring[position & mask] = this.#ring[position & this.#mask]
    }
    this.#ring = ring
    this.#mask = mask
  }
}
