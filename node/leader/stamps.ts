// The time in the log of a data group: its leader writes its clock into it while it gives places.

/** So often, milliseconds: retention by age is true to that after a restart. */
export const stampsAgainMs = 1000

/** By when a batch had its place that came behind such a time, milliseconds since 1970; undefined where no leader has told the time. */
export function toPlacedBy(time: number): number | undefined {
  return time === 0 ? undefined : time + stampsAgainMs
}
