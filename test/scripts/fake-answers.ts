// What fake nodes answer, as pure functions.

export interface FakeStream {
  readonly topics: readonly string[]
  readonly retention: { readonly bytes: number; readonly ageMs: number }
  readonly copies: number
  readonly replicas?: number
  readonly version: number
  readonly mode?: string
  readonly epoch?: number
  readonly phase?: string
}

export function orderOf(leader: string): object {
  return { group: 1, leader, voters: ['A', 'B', 'C'], last: 7, commit: 9, lag: 0 }
}

/** The first node leads all groups but those that nobody does; META with a majority alone. */
export function membersOf(
  hasMajority: boolean,
  leaderless: readonly number[],
  ...nodes: readonly string[]
): object {
  const groups = [0, 1, 1000]
  const leader = hasMajority ? nodes[0] : undefined
  const members = nodes.map((node) => ({
    node,
    address: '127.0.0.1:1',
    member: 1,
    votes: groups,
    leads: node === leader ? groups.filter((group) => !leaderless.includes(group)) : [],
    isLeaving: false,
  }))
  return { leader, members: members.toSorted((a, b) => (a.node < b.node ? -1 : 1)) }
}

export function refusal(status: number, code: string, message: string): readonly [number, object] {
  return [status, { error: { code, message } }]
}

export function toFileEntry(
  path: string,
  { text, modifiedMs }: { text: string; modifiedMs: number },
): object {
  return { path, bytes: text.length, modifiedMs }
}
