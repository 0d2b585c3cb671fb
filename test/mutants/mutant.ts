// A fault of one place in the production code, as text that stands there once and text in its place. Mutation testing (DeMillo, Lipton and
// Sayward, 1978): what no test notices when it is broken is held by no test.

export interface Mutant {
  /** Names it in the table, and for `--only`: words with hyphens. */
  readonly name: string
  /** The file that is broken, from the top of the project. */
  readonly file: string
  /** Occurs once in the file. */
  readonly text: string
  readonly replacement: string
  /** What does not hold any more, as a sentence. */
  readonly breaks: string
  /** Test files of which one is to fail. */
  readonly tests: readonly string[]
  /** Whether it shows as a test that never ends; else such a test has found nothing. */
  readonly hangs?: true
}

/** The content of the file with the fault in it; why that cannot be, where the text is not there exactly once. */
export function plant({ text, replacement }: Mutant, content: string): string | { readonly problem: string } {
  const parts = content.split(text)
  if (parts.length === 2) return parts.join(replacement)
  return {
    problem:
      parts.length === 1 ? 'its text is not in the file' : `its text is there ${parts.length - 1} times`,
  }
}
