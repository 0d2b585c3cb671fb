// The receiver of `ws`, which it exports at run time and leaves out of its type declarations.

import type { Writable } from 'node:stream'
import * as library from 'ws'

type ReceiverClass = new (options: { readonly isServer: boolean; readonly maxPayload?: number }) => Writable

/** Takes a connection's bytes; emits `message`, `ping`, `pong`, `conclude` and `error`. */
export const Receiver: ReceiverClass = (library as unknown as { readonly Receiver: ReceiverClass }).Receiver
