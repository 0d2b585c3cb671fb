// Received bytes are views into the buffer that a socket read filled, often 64 KiB. Whoever keeps such a view keeps
// the whole buffer; this is the one place that decides when copying is cheaper than that.

/**
 * The same bytes in a form that may be kept: the view itself if it is at least half of its buffer, else a copy.
 * `slice` would not do: on Node's Buffers it makes another view.
 */
export function toRetainable(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength * 2 >= bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}
