// Questions to servers about their state. A server that is down, or says that something is wrong, has no answer.

/** Servers are on this machine: one that takes longer is asked again. */
const timeoutMs = 2000

/** The JSON that is answered; undefined if none is, or with another status than 200. */
export async function askJson(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
    const answer: unknown = await response.json()
    return response.status === 200 ? answer : undefined
  } catch {
    return undefined
  }
}
