// Where the peers and the package are found.

import { createRequire } from 'node:module'
import path from 'node:path'

/** Loads a peer, from where the benchmark installed it. */
export const peer = createRequire(path.join(process.env.BENCH_PEERS ?? '.', 'peers.cjs'))

/** Loads this package as it was built. */
export const own = createRequire(new URL('../../../package.json', import.meta.url))
