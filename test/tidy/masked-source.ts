// Blanks everything in a source that is not code: comments, and the insides of strings, templates and regular expressions.
// Offsets and lines stay what they are. It is a scanner, not a parser: enough for rules that look for words and braces.

type Copy = 'code' | 'blank'

/** After these words a slash begins a regular expression. */
const wordBeforeRegex = /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete|await|yield)$/

/** The text with spaces in place of everything that is not code; quotes and line ends stay. */
export function maskSource(text: string): string {
  return new Scanner(text).scan()
}

class Scanner {
  readonly #text: string
  #at = 0
  #out = ''
  /** For every template that is open: how many braces are open inside its current `${`. */
  readonly #templates: number[] = []

  constructor(text: string) {
    this.#text = text
  }

  scan(): string {
    while (this.#at < this.#text.length) this.#step()
    return this.#out
  }

  #step(): void {
    const text = this.#text
    const char = text.charAt(this.#at)
    if (text.startsWith('//', this.#at)) return this.#takeUntil(/\n|$/g, 0)
    if (text.startsWith('/*', this.#at)) return this.#takeUntil(/\*\//g, 2)
    if (text.startsWith('#!', this.#at) && this.#at === 0) return this.#takeUntil(/\n|$/g, 0)
    if (char === "'" || char === '"') return this.#takeString(char)
    if (char === '`') return this.#beginTemplate()
    if (char === '/' && this.#isRegexNext()) return this.#takeRegex()
    const open = this.#templates.at(-1)
    if (open !== undefined && char === '{') this.#templates[this.#templates.length - 1] = open + 1
    if (open !== undefined && char === '}') {
      if (open === 0) return this.#continueTemplate()
      this.#templates[this.#templates.length - 1] = open - 1
    }
    this.#take(1, 'code')
  }

  #take(length: number, as: Copy): void {
    const part = this.#text.slice(this.#at, this.#at + length)
    this.#out += as === 'code' ? part : part.replaceAll(/[^\n]/g, ' ')
    this.#at += length
  }

  #takeUntil(end: RegExp, endLength: number): void {
    end.lastIndex = this.#at + endLength
    const found = end.exec(this.#text)
    this.#take((found?.index ?? this.#text.length) + endLength - this.#at, 'blank')
  }

  #takeString(quote: string): void {
    this.#take(1, 'code')
    while (this.#at < this.#text.length && this.#text[this.#at] !== quote && this.#text[this.#at] !== '\n')
      this.#take(this.#text[this.#at] === '\\' ? 2 : 1, 'blank')
    this.#take(1, 'code')
  }

  #beginTemplate(): void {
    this.#take(1, 'code')
    this.#takeTemplateText()
  }

  /** The `}` that ends a `${`. */
  #continueTemplate(): void {
    this.#templates.pop()
    this.#take(1, 'blank')
    this.#takeTemplateText()
  }

  #takeTemplateText(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== '`') {
      if (this.#text.startsWith('${', this.#at)) {
        this.#take(2, 'blank')
        this.#templates.push(0)
        return
      }
      this.#take(this.#text[this.#at] === '\\' ? 2 : 1, 'blank')
    }
    this.#take(1, 'code')
  }

  #isRegexNext(): boolean {
    const before = this.#out.trimEnd()
    return before === '' || '(,=:[!&|?{};+-*%<>~^'.includes(before.slice(-1)) || wordBeforeRegex.test(before)
  }

  #takeRegex(): void {
    this.#take(1, 'code')
    let isClass = false
    while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') {
      const char = this.#text[this.#at]
      if (char === '/' && !isClass) break
      if (char === '[') isClass = true
      if (char === ']') isClass = false
      this.#take(char === '\\' ? 2 : 1, 'blank')
    }
    this.#take(1, 'code')
  }
}
