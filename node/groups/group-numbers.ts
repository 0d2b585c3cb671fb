// Which number stands for what: data groups are 1 to 10, the group of names is 1000, and META is drawn from 2^16 on.

/** The group of names, which is none of those that streams hash onto. */
export const nameGroup = 1000

/** META's number is drawn when the cluster is founded, so that the METAs of two clusters never mix. */
const metaNumbersFrom = 2 ** 16
const metaNumbersTo = 2 ** 32

/** `random`: uniform in [0, 1). */
export function drawMetaNumber(random: () => number): number {
  return metaNumbersFrom + Math.floor(random() * (metaNumbersTo - metaNumbersFrom))
}

/** Whether a group of this number is META, of whatever cluster. */
export function isMeta(group: number): boolean {
  return group >= metaNumbersFrom
}

/** Whether streams hash onto a group of this number. */
export function isData(group: number): boolean {
  return !isMeta(group) && group !== nameGroup
}
