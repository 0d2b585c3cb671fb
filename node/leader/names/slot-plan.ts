// Who of a queue's members has which slots. Shares are even, and as few slots as possible move; it depends on nothing but what is given, so
// that every node finds the same.

/** The owner that every slot should have. `owners`: those that they have; `members`: in the order in which they joined, without a double. */
export function planSlots(
  owners: readonly (string | undefined)[],
  members: readonly string[],
): (string | undefined)[] {
  if (members.length === 0) return owners.map(() => undefined)
  const shares = toShares(owners, members)
  const plan = owners.map((owner) => {
    const left = owner === undefined ? 0 : (shares.get(owner) ?? 0)
    if (owner === undefined || left === 0) return undefined
    shares.set(owner, left - 1)
    return owner
  })
  const takers = members.flatMap((member) => Array.from({ length: shares.get(member) ?? 0 }, () => member))
  return plan.map((owner) => owner ?? takers.shift())
}

/** How many slots each gets: those that have most keep one more, where they do not come out even. */
function toShares(owners: readonly (string | undefined)[], members: readonly string[]): Map<string, number> {
  const counts = new Map(members.map((member) => [member, 0]))
  for (const owner of owners) {
    const count = owner === undefined ? undefined : counts.get(owner)
    if (owner !== undefined && count !== undefined) counts.set(owner, count + 1)
  }
  const share = Math.floor(owners.length / members.length)
  const rest = owners.length % members.length
  const byCount = members.toSorted((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0))
  return new Map(byCount.map((member, at) => [member, share + (at < rest ? 1 : 0)]))
}
