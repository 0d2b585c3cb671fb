// Processor time of this process, from one moment on.

export class ProcessorTime {
  #start = process.cpuUsage()

  restart(): void {
    this.#start = process.cpuUsage()
  }

  /** User and system time since it was started, milliseconds. */
  get ms(): number {
    const { user, system } = process.cpuUsage(this.#start)
    return (user + system) / 1000
  }
}
