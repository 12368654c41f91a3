// What is read of each request; every peer reads the same, so that all arrive at the same sum.

/** Eight fields as rows or columns. */
export const COLUMNS = [
  'id',
  'type',
  'status',
  'created',
  'asset.id',
  'asset.product.id',
  'asset.connection.type',
  'asset.tiers.customer.contact_info.contact.email',
]

/** What a fulfillment script reads. */
export function use(request) {
  const { asset } = request
  let total = request.id.length + request.type.length + request.status.length
  total += asset.id.length + asset.product.id.length
  total += asset.tiers.customer.contact_info.contact.email.length
  for (const item of asset.items) total += item.mpn.length + Number.parseInt(item.quantity, 10)
  for (const param of asset.params) total += param.id.length + param.value.length
  return total
}

export function rowOf(request) {
  const { asset } = request
  return [
    request.id,
    request.type,
    request.status,
    request.created,
    asset.id,
    asset.product.id,
    asset.connection.type,
    asset.tiers.customer.contact_info.contact.email,
  ]
}

/** What is summed up of a row: its first field and the one that lies deepest. */
export const ofRow = (row) => row[0].length + row[7].length
