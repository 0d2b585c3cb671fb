// Types of installation.mjs, which is plain JavaScript because it runs before TypeScript can.

interface Lockfile {
  readonly packages?: Readonly<Record<string, object>>
}

export declare const checkout: string
export declare class InstallationError extends Error {}
export declare function isSupportedNode(version: string): boolean
export declare function findStalePackages(lockfile: Lockfile, installed: Lockfile | undefined): string[]
export declare function findMissing(folder: string): string[]
export declare function prepare(): string
export declare function withNodeFirst(environment: NodeJS.ProcessEnv, node: string): NodeJS.ProcessEnv
