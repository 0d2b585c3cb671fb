// Every limit of the WebSocket library, set once for both roles. None is left at its default: the defaults of `ws`
// allow messages of 100 MiB, and its dialling side offers compression.

import type { ClientOptions, ServerOptions } from 'ws'
import { protocolLimits } from '../core/common/limits.ts'

/** What `ws` 8.23 understands beyond its type declarations. */
interface UndeclaredOptions {
  /** Milliseconds that the other end has to answer a close frame before the socket is destroyed. */
  readonly closeTimeout: number
}

const commonLimits = {
  perMessageDeflate: false,
  maxPayload: protocolLimits.frameBytesMax,
  /** The largest message in fragments of 4.5 KiB; libraries that fragment use 4 KiB to 64 KiB, browsers never do. */
  maxFragments: 256,
  /** Socket reads that one incomplete frame may span: the largest message in pieces of 280 bytes. */
  maxBufferedChunks: 4096,
  skipUTF8Validation: false,
  /** FrameLane relies on it: the library has told the messages of a read when it returns. */
  allowSynchronousEvents: true,
  /** Answered by FrameSocket, which counts pings and closes floods with 1008; `ws` would only drop the socket. */
  autoPong: false,
  /** Guess: ten times a round trip around the earth. */
  closeTimeout: 2000,
} satisfies ServerOptions & UndeclaredOptions

/** Options of the accepting side. */
export const serverWebSocketOptions: ServerOptions & UndeclaredOptions = {
  ...commonLimits,
  noServer: true,
  clientTracking: false,
}

/** Options of the dialling side, without the handshake's deadline. */
export const dialWebSocketOptions: ClientOptions & UndeclaredOptions = {
  ...commonLimits,
  followRedirects: false,
  // RFC 6455 §5.3 asks for a mask against attacks on proxies by web pages. Between nodes there is no web page, and
  // XOR with zero saves a pass over every byte on both ends.
  generateMask: (mask) => {
    mask.fill(0)
  },
}
