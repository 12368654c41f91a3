// An Express app that takes the webhooks of the sandbox whose line comes on stdin; it prints its port first.
import { readFileSync } from 'node:fs'
import express from 'express'
import { maestrano, Sandbox } from 'tenantry'

const sandbox = Sandbox.fromLine(readFileSync(0, 'utf8'))
const marketplaces = await maestrano.Marketplaces.fetch(sandbox.maestrano)

const app = express()
app.use(
  marketplaces.webhooks.express((event) => {
    console.log(`   Express was told by ${event.marketplace}: ${event.type} of ${event.group_id}`)
  }),
)
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
