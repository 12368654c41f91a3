// The same objects as `require('tenantry')` gives: error classes exist once.
export * from './dist/index.js'
