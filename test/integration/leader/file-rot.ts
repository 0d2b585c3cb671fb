// What disks do to a file of a stopped node, at a place that is drawn from a seed: any file, and nothing is known of what is in it.

import { readFile, writeFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { type Random, randomBelow, seededRandom } from '../../../node/core/common/random.ts'

export const rots = ['a bit that turned over', 'an end that is gone', 'zeros'] as const
export type Rot = (typeof rots)[number]

/** A page of a disk. */
const zerosMax = 4096

/** A generator whose seed is printed; `TEST_SEED` repeats it. */
export function printedRandom(context: TestContext): Random {
  const seed = process.env['TEST_SEED'] ?? String(Date.now() % 1_000_000)
  context.diagnostic(`TEST_SEED=${seed} repeats it`)
  return seededRandom(seed)
}

/** Damages a file that is not empty. Returns what was done, for messages. */
export async function rotFile(path: string, rot: Rot, random: Random): Promise<string> {
  const bytes = await readFile(path)
  const at = randomBelow(random, bytes.length)
  if (rot === 'a bit that turned over')
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << randomBelow(random, 8)), at)
  else if (rot === 'zeros') bytes.subarray(at, at + 1 + randomBelow(random, zerosMax)).fill(0)
  await writeFile(path, rot === 'an end that is gone' ? bytes.subarray(0, at) : bytes)
  return `${path}: ${rot}, at byte ${at} of ${bytes.length}`
}
