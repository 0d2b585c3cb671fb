// What the library needs from a WebSocket. Two implementations exist: over `ws` in Node and over the platform's own
// WebSocket in browsers; tests put a third in their place.

/** What a socket reports. `onClose` comes exactly once, and nothing after it. */
export interface TransportEvents {
  onOpen(): void
  onFrame(frame: Uint8Array): void
  onText(text: string): void
  /** The bytes handed over went down to a level at which sending more makes sense. */
  onDrain(): void
  onClose(status: number, reason: string): void
}

/** One WebSocket connection. */
export interface Transport {
  /** Sends one binary message. The bytes must not change afterwards. */
  send(frame: Uint8Array): void
  sendText(text: string): void
  /** Bytes handed over and not yet taken by the operating system. */
  readonly bufferedBytes: number
  /** Closes in order; a reason that is too long is cut. */
  close(status: number, reason: string): void
  /** Cuts the socket. */
  terminate(): void
}

/** Opens a connection; never throws. `timeoutMs` bounds the WebSocket handshake. */
export type Dial = (url: string, events: TransportEvents, timeoutMs: number) => Transport

/** What the library needs from the platform besides sockets. */
export interface Environment {
  readonly dial: Dial
  /** Milliseconds since 1970, with fractions, never going back. */
  now(): number
  /** Uniform in [0, 1). */
  random(): number
  /** Calls back once after `delayMs`, at most `timerMsMax`; the answer cancels. `background` timers do not keep a process alive. */
  startTimer(delayMs: number, callback: () => void, background?: boolean): () => void
  /** Calls back when the current turn of the event loop has ended. */
  afterTurn(callback: () => void): void
  /** Fresh bytes that need not be zeroed. */
  allocate(bytes: number): Uint8Array
  /** Releases what the environment holds. */
  dispose(): void
}

/** Platforms take a longer time for 1 millisecond. */
export const timerMsMax = 2_147_483_647

export const subprotocol = 'herald.client.v1'

/** A close frame has room for so many bytes of reason; sockets throw above it. */
const closeReasonBytesMax = 123

/** As much of a text as fits into a close frame, cut between characters. */
export function toCloseReason(text: string): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(closeReasonBytesMax))
  return text.slice(0, read)
}

/** Below this, a socket that was full takes more. */
export const drainBytes = 262_144
