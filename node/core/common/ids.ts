// Who is who: nodes, boots, origins and streams, as branded types so that one is never taken for another.
//
// A boot is one run of a node, drawn at random at its start, so that (node, boot) numbers its messages from 1
// without ever using a number twice. An origin is that pair; its text form `A#1x2y3z` is what journals,
// cursors and JSON carry, while batches carry the boot alone (53 bits: with 10,000 boots in a cluster's life
// two are equal with probability 6e-9).

declare const brand: unique symbol
type Brand<Name extends string> = { readonly [brand]: Name }

/** Name of a node in peers.json: 1 to 32 of `A-Z a-z 0-9 _ -`. */
export type NodeId = string & Brand<'NodeId'>
/** One run of a node: an integer in 1..2^53-1. */
export type Boot = number & Brand<'Boot'>
/** Text form of an origin: node id, `#`, boot in base 36. */
export type Origin = string & Brand<'Origin'>
/** Number of a stream on the wire: a 48-bit hash of its name, so that every node derives the same. */
export type StreamId = number & Brand<'StreamId'>

const nodeIdPattern = /^[A-Za-z0-9_-]{1,32}$/

/** True if the text is a valid node id. */
export function isNodeId(text: string): text is NodeId {
  return nodeIdPattern.test(text)
}

/** The text form of an origin. */
export function toOrigin(node: NodeId, boot: Boot): Origin {
  return `${node}#${boot.toString(36)}` as Origin
}

/** Splits an origin's text form; undefined if the text is not one. */
export function fromOrigin(text: string): { readonly node: NodeId; readonly boot: Boot } | undefined {
  const at = text.indexOf('#')
  if (at < 1) return undefined
  const node = text.slice(0, at)
  const bootText = text.slice(at + 1)
  const boot = Number.parseInt(bootText, 36)
  if (!isNodeId(node) || !isBoot(boot) || boot.toString(36) !== bootText) return undefined
  return { node, boot }
}

/** True if the number can be a boot. */
export function isBoot(value: number): value is Boot {
  return Number.isSafeInteger(value) && value > 0
}

/**
 * Number of a stream: FNV-1a over the name's UTF-16 code units, in two 24-bit halves.
 * Two names of one cluster with equal numbers are refused when the second is added.
 */
export function toStreamId(name: string): StreamId {
  let high = 0x811c9d
  let low = 0xc59d1c
  for (let index = 0; index < name.length; index++) {
    const unit = name.charCodeAt(index)
    high = Math.imul(high ^ unit, 0x01000193) & 0xffffff
    low = Math.imul(low ^ (unit + index + 1), 0x0100013f) & 0xffffff
  }
  return (high * 0x1000000 + low) as StreamId
}
