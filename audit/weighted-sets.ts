// Disjoint sets of members with a known difference between any two of one set, in 32 bits: a union-find tree whose edges have weights.

export class WeightedSets {
  readonly #parents: number[] = []
  /** Of each member, over its parent. */
  readonly #weights: number[] = []

  /** A member that is related to nobody. */
  add(): number {
    this.#weights.push(0)
    return this.#parents.push(this.#parents.length) - 1
  }

  /** The set of a member, and by how much the member is above the member that stands for the set. */
  find(member: number): { readonly root: number; readonly weight: number } {
    const path: number[] = []
    let root = member
    for (let parent = this.#parentOf(root); parent !== root; parent = this.#parentOf(root)) {
      path.push(root)
      root = parent
    }
    // Each on the way hangs on the root from now on.
    let weight = 0
    for (const each of path.reverse()) {
      weight = (weight + this.#weightOf(each)) >>> 0
      this.#parents[each] = root
      this.#weights[each] = weight
    }
    return { root, weight }
  }

  /** `b` is above `a` by so much. Members of one set stay as they are. */
  relate(a: number, b: number, above: number): void {
    const left = this.find(a)
    const right = this.find(b)
    if (left.root === right.root) return
    this.#parents[right.root] = left.root
    this.#weights[right.root] = (left.weight + above - right.weight) >>> 0
  }

  #parentOf(member: number): number {
    return this.#parents[member] ?? member
  }

  #weightOf(member: number): number {
    return this.#weights[member] ?? 0
  }
}
