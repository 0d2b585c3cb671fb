// What fake nodes answer, as pure functions.

export function orderOf(leader: string): object {
  return { group: 1, leader, voters: ['A', 'B', 'C'], last: 7, commit: 9, lag: 0 }
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
