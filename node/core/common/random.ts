// Seeded random numbers for the core: sfc32 (Chris Doty-Humphrey's Small Fast Counter, 32-bit variant).
// The same seed gives the same run on every machine, which is what makes a simulated failure repeatable.

/** A source of uniform random numbers in [0, 1). */
export type Random = () => number

/** A generator seeded by a text; different purposes take different texts, so adding one shifts no other. */
export function seededRandom(seed: string): Random {
  let [a, b, c, d] = hashSeed(seed)
  const next: Random = () => {
    const sum = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return (sum >>> 0) / 4294967296
  }
  for (let round = 0; round < 12; round++) next()
  return next
}

/** A uniform integer in [0, bound). */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor(random() * bound)
}

/** A 53-bit integer above zero, for boots. */
export function random53(random: Random): number {
  return Math.floor(random() * 2 ** 26) * 2 ** 27 + Math.floor(random() * 2 ** 27) + 1
}

function hashSeed(seed: string): [number, number, number, number] {
  const state: [number, number, number, number] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1]
  for (let index = 0; index < seed.length; index++) {
    const unit = seed.charCodeAt(index)
    state[0] = Math.imul(state[0] ^ unit, 0x85ebca6b)
    state[1] = Math.imul(state[1] ^ (state[0] >>> 13), 0xc2b2ae35)
    state[2] = Math.imul(state[2] ^ (state[1] >>> 16), 0x27d4eb2f)
  }
  return state
}
