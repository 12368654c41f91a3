export function binary(): string
export function triple(): string
export const dist: string
export const root: string
