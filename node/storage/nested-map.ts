// Maps of maps, for what is keyed by (stream, origin) and the like: lookups without building a key.

/** The inner map of a key, made on first use. */
export function childMap<Key, Value>(parent: Map<string, Map<Key, Value>>, key: string): Map<Key, Value> {
  let child = parent.get(key)
  if (child === undefined) {
    child = new Map()
    parent.set(key, child)
  }
  return child
}
