// What a list leaves behind.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { program } from './fixture.mjs'

test('100,000 rows that nobody keeps leave no memory behind', async () => {
  const { stdout, stderr } = await program('listing.mjs', ['100000'], { flags: ['--expose-gc'] })
  const { rows, early, late } = JSON.parse(stdout || stderr)
  assert.equal(rows, 100_000)
  // Ninety more pages were read, of 6 MB each; what the allocator and four pages under way hold comes and goes.
  assert.ok(late < early + 128, `${early} MiB, then ${late} MiB`)
})
