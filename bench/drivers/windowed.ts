// Flat out for clients without a window of their own: messages go out in chunks, and a chunk begins when the chunk before
// the last is known to have arrived. So the pipeline never runs empty, and what waits in memory is bounded.

import type { MayGoOn, PayloadSource } from './driver.ts'

/** Publishes in chunks of `chunkMessages`; `publishChunk` resolves when its chunk has arrived. */
export async function publishWindowed(
  next: PayloadSource,
  chunkMessages: number,
  mayGoOn: MayGoOn,
  publishChunk: (payloads: readonly Uint8Array[]) => Promise<unknown>,
): Promise<void> {
  let before: Promise<unknown> = Promise.resolve()
  for (let isMore = true; isMore; ) {
    await mayGoOn()
    const payloads: Uint8Array[] = []
    while (payloads.length < chunkMessages) {
      const payload = next()
      if (payload === undefined) {
        isMore = false
        break
      }
      payloads.push(payload)
    }
    const chunk = publishChunk(payloads)
    // It may fail while the one before is awaited; its own turn to be awaited comes.
    chunk.catch(() => undefined)
    await before
    before = chunk
  }
  await before
}
