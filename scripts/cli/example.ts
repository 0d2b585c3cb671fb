// The last part of every command's help: lines that can be pasted.

/** Text for `addHelpText('after', …)`. */
export function example(...lines: readonly string[]): string {
  return `\nExample:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`
}
