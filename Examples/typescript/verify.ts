/**
 * Tells the durable execution service's calls from anybody else's, by the signatures of Standard Webhooks, which the service
 * adds when the tasks file gives its endpoint `signingSecrets`. Copy it into your app: it needs nothing but the web
 * platform's own APIs.
 *
 * A signature covers the id, the time and the body of a call, but neither its URL nor its other headers: use https as well.
 */

/** How far the service's clock and this one may be apart, in seconds; an older call may be somebody's recording. */
const tolerance = 5 * 60

/**
 * Whether a call was signed with one of the secrets, and just now. Leaves the request's body to be read.
 *
 * @param secrets `whsec_` and base64 of at least 24 bytes, or several such with spaces between: while one replaces another,
 *   either will do.
 */
export async function isSigned(request: Request, secrets: string): Promise<boolean> {
  const keys = secrets.split(/\s+/).filter(Boolean).map((secret) => fromBase64(secret.replace(/^whsec_/, '')))
  if (keys.length === 0 || keys.some((key) => key.length < 24)) throw new Error('A signing secret is missing or too short')

  const id = request.headers.get('webhook-id')
  const timestamp = request.headers.get('webhook-timestamp')
  const signatures = request.headers.get('webhook-signature')
  if (!id || !timestamp || !signatures) return false
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= tolerance)) return false

  // The bytes as they came; parsed and written again, they could be others.
  const body = await request.clone().arrayBuffer()
  const signed = await new Blob([`${id}.${timestamp}.`, body]).arrayBuffer()
  const given = signatures.split(' ').filter((signature) => /^v1,[A-Za-z0-9+/]{43}=$/.test(signature))
  for (const bytes of keys) {
    const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
    for (const signature of given) {
      if (await crypto.subtle.verify('HMAC', key, fromBase64(signature.slice(3)), signed)) return true
    }
  }
  return false
}

function fromBase64(text: string) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
