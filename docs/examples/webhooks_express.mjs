// Maestrano's webhooks in an Express app, before its body parser: they are proved by the body as it was sent.
//
//   MNO_DEVPL_HOST=… MNO_DEVPL_ENV_KEY=… MNO_DEVPL_ENV_SECRET=… PORT=3000 node webhooks_express.mjs

import express from 'express'
import { maestrano } from 'tenantry'

const marketplaces = await maestrano.Marketplaces.fetch()

// Maestrano may tell the same twice: each branch may run again and do no harm.
async function handle(event) {
  switch (event.type) {
    case 'group_deleted':
      console.log(`${event.marketplace}: ${event.group_id} is gone`)
      return
    case 'group_user_removed':
      console.log(`${event.marketplace}: ${event.user_id} left ${event.group_id}`)
      return
    case 'connec_notification':
      for (const { group_id, entities } of event.groups)
        console.log(`${event.marketplace}: ${Object.keys(entities).join(', ')} of ${group_id}`)
      return
    case 'synchronization_status':
      return { group_id: event.group_id, sync_enabled: true, status: 'SUCCESS' }
  }
}

const app = express()
app.use(marketplaces.webhooks.express(handle))
app.use(express.json())
app.get('/', (_request, response) => response.send('an app'))

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`)
})
