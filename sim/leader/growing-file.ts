// The content of a file on a simulated disk: what is appended is put together when somebody reads it.

/** A file that only grows, where nobody damages it. */
export class GrowingFile {
  #parts: Buffer[] = []
  length = 0

  append(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.length += bytes.length
  }

  /** Everything in one piece. */
  get content(): Buffer {
    const [first, ...others] = this.#parts
    if (first === undefined || others.length > 0) this.content = Buffer.concat(this.#parts)
    return this.#parts[0] ?? Buffer.alloc(0)
  }

  set content(content: Buffer) {
    this.#parts = [content]
    this.length = content.length
  }
}
