// Verifies signed responses, each once; ../python/saml.py makes them.

import fs from 'node:fs'
import path from 'node:path'
import { measured } from './meter.mjs'
import { own, peer } from './packages.mjs'

const WARM_UP = 50

const PEERS = {
  tenantry(about) {
    const { maestrano } = own('tenantry')
    const { sso } = maestrano.Marketplaces.fromJson(JSON.stringify(about.configuration)).client('some-telco')
    return async (text, asked) => (await sso.consume({ saml_response: text, request_id: asked })).user.uid
  },
  'node-saml'(about) {
    const { SAML } = peer('@node-saml/node-saml')
    const saml = new SAML({
      idpCert: about.pem,
      issuer: about.audience,
      audience: about.audience,
      callbackUrl: about.consume,
      wantAuthnResponseSigned: false,
    })
    return async (text) => (await saml.validatePostResponseAsync({ SAMLResponse: text })).profile.nameID
  },
  'xml-crypto'(about) {
    const { SignedXml } = peer('xml-crypto')
    const { DOMParser } = peer('@xmldom/xmldom')
    return async (text) => {
      const xml = Buffer.from(text, 'base64').toString('utf8')
      const tree = new DOMParser().parseFromString(xml, 'text/xml')
      const signed = new SignedXml({ publicCert: about.pem })
      signed.loadSignature(tree.getElementsByTagNameNS('http://www.w3.org/2000/09/xmldsig#', 'Signature')[0])
      if (!signed.checkSignature(xml)) throw new Error('the signature does not fit')
      return tree.getElementsByTagNameNS('urn:oasis:names:tc:SAML:2.0:assertion', 'NameID')[0].textContent
    }
  },
}

/** Verifies `n` responses and reads who signed in. */
export async function verified(runner, folder, { n }) {
  const read = (name) => fs.readFileSync(path.join(folder, name), 'utf8')
  const verify = PEERS[runner](JSON.parse(read('provider.json')))
  const texts = read('responses.txt').split('\n')
  // The request that the number-th response answers.
  const asked = (number) => `_${number.toString(16).padStart(32, '0')}`
  for (let number = 0; number < WARM_UP; number++) await verify(texts[number], asked(number))
  return measured(n, async () => {
    let check = 0
    for (let number = WARM_UP; number < WARM_UP + n; number++)
      check += (await verify(texts[number], asked(number))).length
    return check
  })
}
