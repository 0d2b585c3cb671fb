// What the registry says about an error code: what happened, what to do about it, and what it means for the connection. The
// codes themselves are in error-registry.ts.

/** Fate of the connection on which the error happened. */
export type Fate =
  | 'keep'
  | 'status 400'
  | 'status 431'
  | 'close 1001'
  | 'close 1002'
  | 'close 1003'
  | 'close 1007'
  | 'close 1008'
  | 'close 1009'
  | 'close 1013'
  | 'close 4401'
  | 'exit 1'
  | 'exit 2'
  | 'exit 3'
  | 'exit 4'

export interface ErrorEntry {
  /** What happened, in general; the concrete message names the value and the bound. */
  readonly meaning: string
  /** What the reader of the message should do. */
  readonly action: string
  readonly fate: Fate
}
