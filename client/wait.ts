// Waiting that a caller can call off.

/** Calls back once if the signal aborts, at once if it has; the answer stops listening. */
export function onAbort(signal: AbortSignal | undefined, callback: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {}
  if (signal.aborted) {
    callback(signal.reason)
    return () => {}
  }
  const listener = (): void => callback(signal.reason)
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

/** The promise, or a rejection with the signal's reason when that comes first. */
export async function abortable<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return promise
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const remove = onAbort(signal, aborted.reject)
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    remove()
  }
}
