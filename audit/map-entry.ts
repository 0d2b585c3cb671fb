// Maps everywhere, never objects as dictionaries: topics and origins come from outside, and `__proto__` is a valid topic.

/** The value of a key; made and put in when the key is new. */
export function mapEntry<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const created = create()
  map.set(key, created)
  return created
}
