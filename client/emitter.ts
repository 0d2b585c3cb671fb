// A small typed event emitter that works in browsers as well. A listener that throws does not disturb the others nor
// the library: its error is thrown again in a task of its own, where the platform reports it.

/** Takes a listener off again; calling it twice is harmless. */
export type RemoveListener = () => void

export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>()

  /** Calls the listener for every event of this name. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): RemoveListener {
    let listeners = this.#listeners.get(name)
    if (listeners === undefined) {
      listeners = new Set()
      this.#listeners.set(name, listeners)
    }
    // A wrapper of its own, so that one function registered twice is two listeners.
    const entry = (event: Events[Name]): void => listener(event)
    listeners.add(entry)
    return () => {
      this.#listeners.get(name)?.delete(entry)
    }
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined) return
    for (const listener of [...listeners] as ((event: Events[Name]) => void)[]) {
      try {
        listener(event)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
