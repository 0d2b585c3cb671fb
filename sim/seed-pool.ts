// Seeds on several threads, each a part at a time, as long as there are any.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Totals } from './report.ts'
import type { SeedRange, SeedResults } from './worlds.ts'

/** Small enough that threads end together, large enough that nobody waits for the next part. */
const partSeeds = 5

/** Runs a range on so many threads. `onFailure` hears of each seed that failed, when its part is done. Rejects where a thread breaks. */
export async function runOnThreads(
  range: SeedRange,
  threads: number,
  onFailure: (text: string) => void,
): Promise<Totals> {
  const totals = new Totals()
  const end = range.first + range.count
  let next = range.first
  const work = async (): Promise<void> => {
    const thread = new Worker(new URL('./seed-thread.ts', import.meta.url))
    try {
      while (next < end) {
        const part = { ...range, first: next, count: Math.min(partSeeds, end - next) }
        next += part.count
        thread.postMessage(part)
        const [results] = (await once(thread, 'message')) as [SeedResults]
        totals.merge(results.totals)
        for (const text of results.failures) onFailure(text)
      }
    } finally {
      await thread.terminate()
    }
  }
  await Promise.all(Array.from({ length: threads }, work))
  return totals
}
