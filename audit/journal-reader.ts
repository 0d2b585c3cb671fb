// Reads the journal of one node: NDJSON text in pieces of any size in, typed events out, oddities counted and named.
//
// It is fed rather than given a string, so that a journal of gigabytes passes through in the pieces in which it
// is read. Files come in the order of their numbers. A last line that is cut short is what a crash leaves behind:
// tolerated and counted. Any other line that cannot be read, or is not what was written, is damage, and named; so is the line behind
// some that are missing.

import { readSeal } from '../node/core/common/line-seal.ts'
import { type JournalEvent, toJournalEvent } from './journal-event.ts'

/** Receives what a journal says, in order. */
export interface JournalSink {
  onEvent(event: JournalEvent): void
  /** Something is missing here: a damaged line, or the torn end of a file. */
  onHole(kind: 'damaged' | 'torn'): void
  /** The node was removed from the cluster: what follows, if anything, comes from another disk under the same name. */
  onRemoval(): void
}

/** A line that could not be read. */
export interface DamagedLine {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
}

/** What the reader saw of one journal. */
export interface JournalHealth {
  readonly node: string
  readonly files: readonly string[]
  readonly lines: number
  readonly tornLines: number
  readonly damagedLines: number
  /** The first ones by place, at most `damagedLinesNamedMax`. */
  readonly damaged: readonly DamagedLine[]
  /** Lines that the node says it could not write. */
  readonly droppedLines: number
  /** Kinds that this version does not know, with how often each came. */
  readonly unknownKinds: readonly { readonly kind: string; readonly lines: number }[]
  /** `at` of the first and of the last line. */
  readonly firstAt: number | undefined
  readonly lastAt: number | undefined
}

/** More places than this help nobody; the count goes on. */
export const damagedLinesNamedMax = 100
/** Distinct unknown kinds that are told apart; the rest count as "(others)". */
const unknownKindsMax = 20
/** A line without an end would otherwise fill the memory; the node's own lines stay far below. */
const lineLengthMax = 16 * 1024 * 1024

/** Turns the text of one node's journal files into events. */
export class JournalReader {
  readonly #node: string
  readonly #sinks: readonly JournalSink[]
  readonly #files: string[] = []
  readonly #damaged: DamagedLine[] = []
  readonly #unknownKinds = new Map<string, number>()
  /** Start of a line whose end has not been fed yet. */
  #rest = ''
  /** True while the rest of an overlong line is thrown away. */
  #isSkipping = false
  #lineInFile = 0
  /** The number of the next line; undefined where nobody can say: at the beginning, and behind what could not be read. */
  #next: number | undefined
  /** Nothing has come since the node was removed. */
  #isRemoved = false
  #lines = 0
  #tornLines = 0
  #damagedLines = 0
  #droppedLines = 0
  #firstAt: number | undefined
  #lastAt: number | undefined

  constructor(node: string, sinks: readonly JournalSink[]) {
    this.#node = node
    this.#sinks = sinks
  }

  /** Begins the next file, NNNNNN.ndjson in any folder; the one before is over. */
  openFile(name: string): void {
    this.#closeFile()
    this.#files.push(name)
    // Who comes back begins at 1.
    if (this.#isRemoved && journalNumber(name) > 1) this.#onDamage()
    this.#isRemoved = false
  }

  /** The node was removed; its journal goes on only if another one has taken its name. */
  endMembership(): void {
    this.#closeFile()
    this.#next = undefined
    this.#isRemoved = true
    for (const sink of this.#sinks) sink.onRemoval()
  }

  /** The next piece of the current file, cut anywhere. */
  feed(piece: string): void {
    let start = 0
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', start)) {
      const line = this.#rest === '' ? piece.slice(start, end) : this.#rest + piece.slice(start, end)
      this.#rest = ''
      start = end + 1
      if (this.#isSkipping) this.#isSkipping = false
      else this.#onLine(line)
    }
    if (this.#isSkipping) return
    this.#rest += piece.slice(start)
    if (this.#rest.length > lineLengthMax) {
      this.#isSkipping = true
      this.#rest = ''
      this.#lineInFile++
      this.#onDamage()
    }
  }

  /** The last file is over; says what was seen. */
  close(): JournalHealth {
    this.#closeFile()
    return {
      node: this.#node,
      files: this.#files,
      lines: this.#lines,
      tornLines: this.#tornLines,
      damagedLines: this.#damagedLines,
      damaged: this.#damaged,
      droppedLines: this.#droppedLines,
      unknownKinds: [...this.#unknownKinds].map(([kind, lines]) => ({ kind, lines })),
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
    }
  }

  #closeFile(): void {
    const tail = this.#rest
    this.#rest = ''
    this.#lineInFile = 0
    this.#isSkipping = false
    if (tail.trim() === '') return
    // A complete last line that merely lacks its line feed is as good as any.
    const event = parseLine(tail)
    if (typeof event === 'object') this.#onJournalEvent(event, tail)
    else {
      this.#tornLines++
      this.#next = undefined
      for (const sink of this.#sinks) sink.onHole('torn')
    }
  }

  #onLine(line: string): void {
    this.#lineInFile++
    if (line === '' || line === '\r') return
    const event = parseLine(line)
    if (typeof event === 'object') this.#onJournalEvent(event, line)
    else if (event === 'unknown') this.#onUnknownKind(line)
    else this.#onDamage()
  }

  #onJournalEvent(event: JournalEvent, line: string): void {
    this.#count(line)
    this.#firstAt ??= event.at
    this.#lastAt = event.at
    if (event.t === 'dropped') this.#droppedLines += event.lines
    for (const sink of this.#sinks) sink.onEvent(event)
  }

  #onUnknownKind(line: string): void {
    this.#count(line)
    const kind = /"t"\s*:\s*"([^"]{1,64})"/.exec(line)?.[1] ?? '(others)'
    const isListed = this.#unknownKinds.has(kind) || this.#unknownKinds.size < unknownKindsMax
    const key = isListed ? kind : '(others)'
    this.#unknownKinds.set(key, (this.#unknownKinds.get(key) ?? 0) + 1)
  }

  /** Numbers go on from line to line, and begin again with every boot. */
  #count(line: string): void {
    this.#lines++
    const number = readSeal(line)
    const isNumbered = typeof number === 'number'
    if (isNumbered && number !== 1 && number !== (this.#next ?? number)) this.#onDamage()
    this.#next = isNumbered ? number + 1 : undefined
  }

  #onDamage(): void {
    this.#damagedLines++
    this.#next = undefined
    const file = this.#files.at(-1) ?? ''
    if (this.#damaged.length < damagedLinesNamedMax) this.#damaged.push({ file, line: this.#lineInFile })
    for (const sink of this.#sinks) sink.onHole('damaged')
  }
}

/** The number in the name of a journal's file; NaN where there is none. */
export function journalNumber(name: string): number {
  return Number.parseInt(name.slice(name.lastIndexOf('/') + 1), 10)
}

/** The journal of one node, held in memory. */
export interface JournalText {
  readonly node: string
  readonly files: readonly { readonly name: string; readonly text: string }[]
}

/** Feeds a whole journal, files in the order of their names. */
export function readJournal(journal: JournalText, sinks: readonly JournalSink[]): JournalHealth {
  const reader = new JournalReader(journal.node, sinks)
  const files = [...journal.files].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  for (const file of files) {
    reader.openFile(file.name)
    reader.feed(file.text)
  }
  return reader.close()
}

function parseLine(line: string): JournalEvent | 'unknown' | 'damaged' {
  if (readSeal(line) === 'broken') return 'damaged'
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'damaged'
  }
  return toJournalEvent(value)
}
