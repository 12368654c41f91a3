// Bills one order, and remembers it in the file that is named.

import { maestrano, Sandbox } from 'tenantry'

const sandbox = Sandbox.fromLine(process.env.SANDBOX_LINE)
const marketplaces = await maestrano.Marketplaces.fetch(sandbox.maestrano)
const account = marketplaces.client('some-telco')
console.log('begun')
const order = { group_id: 'cld-4', price_cents: 2000, currency: 'USD', description: 'Product purchase' }
const bill = await account.bills.create({ ...order, reference: 'order-1', journal: process.argv[2] })
console.log(JSON.stringify(bill))
