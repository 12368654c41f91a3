// Finders beside the wire's own lists.

import type { Asset, Item, Param, Tier } from './generated/cloudblue'

/** The parameter called `id`, if there is one. */
export function param(asset: Asset | null | undefined, id: string): Param | undefined {
  const params = asset?.params
  return Array.isArray(params) ? params.find((one) => one?.id === id) : undefined
}

/** The account called `customer`, `tier1` or `tier2`, in either of the shapes that the wire has. */
export function tier(asset: Asset | null | undefined, name: 'customer' | 'tier1' | 'tier2'): Tier | undefined {
  const tiers = asset?.tiers
  const customer = filled(tiers?.customer)
  return name === 'customer' ? customer : (filled(tiers?.[name]) ?? filled(customer?.[name]))
}

/** `{}` means none. */
function filled(found: Tier | null | undefined): Tier | undefined {
  return typeof found === 'object' && found !== null && Object.keys(found).length > 0 ? found : undefined
}

/** Whether there was none of the item and there will be some. */
export function isNew(item: Item): boolean {
  return none(oldQuantityValue(item)) && !none(quantityValue(item))
}

/** Whether there was some of the item and there will be another amount of it. */
export function isChanged(item: Item): boolean {
  const [old, now] = [oldQuantityValue(item), quantityValue(item)]
  return !none(old) && !none(now) && old !== now
}

/** Whether there was some of the item and there will be none. */
export function isRemoved(item: Item): boolean {
  return !none(oldQuantityValue(item)) && none(quantityValue(item))
}

/** How much there will be; `Infinity` for unlimited, `null` when the wire says nothing that counts. */
export function quantityValue(item: Item): number | null {
  return read(item, item.quantity)
}

/** How much there was, in the same way. */
export function oldQuantityValue(item: Item): number | null {
  return read(item, item.old_quantity)
}

function none(quantity: number | null): boolean {
  return quantity === null || quantity === 0
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

function read(item: Item, quantity: unknown): number | null {
  const text = typeof quantity === 'string' || typeof quantity === 'number' ? String(quantity).trim() : ''
  if (text.toLowerCase() === 'unlimited' || (text === '-1' && item.item_type === 'PPU')) return Number.POSITIVE_INFINITY
  return NUMBER.test(text) && Number.isFinite(Number(text)) ? Number(text) : null
}
