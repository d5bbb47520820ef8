// The token until accounts exist: a JWT (https://www.rfc-editor.org/rfc/rfc7519) signed with the key of the data folder, so that
// only who holds the data folder can make one.
import { jwtVerify, SignJWT } from 'jose'
import { randomUUID } from 'node:crypto'
import { unauthenticated } from '../fhir/outcome.js'
import type { Caller } from './caller.js'
import { scopes } from './scope.js'

const ISSUER = 'karta'
const ALGORITHM = 'HS256'
const MAX_LIFETIME = 12 * 3600
// As many callers as ask at a time; the oldest leave first.
const MAX_KNOWN = 10_000

/** Whom a token is for. */
export type Subject =
  | { readonly kind: 'operator', readonly actor: string }
  | { readonly kind: 'self', readonly patient: string, readonly owner: string }
  | { readonly kind: 'treating', readonly actor: string }

export interface Grant {
  readonly subject: Subject
  readonly client: string
  /** Scopes, separated by blanks. */
  readonly scope: string
  /** Seconds, at most 12 hours. */
  readonly lifetime: number
}

const keyOf = (secret: string): Uint8Array => Buffer.from(secret, 'base64url')

/** A signed token. Throws RangeError when the scope or the lifetime is not allowed. */
export async function mintToken (secret: string, { subject, client, scope, lifetime }: Grant): Promise<string> {
  if (scopes(scope).length === 0) throw new RangeError('a token needs a scope')
  if (!(lifetime > 0 && lifetime <= MAX_LIFETIME)) throw new RangeError('a token lives at most 12 hours')
  return await new SignJWT({ ...subject, client_id: client, scope })
    .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt' })
    .setIssuer(ISSUER).setAudience(ISSUER).setJti(randomUUID()).setIssuedAt().setExpirationTime(`${lifetime}s`)
    .sign(keyOf(secret))
}

/** Answers who a bearer is, at once for one that is known already. Throws, or rejects with, FhirError 401. */
export type Authenticate = (authorization: string | undefined) => Caller | Promise<Caller>

/** The verifier of tokens made with this secret; it remembers those it has seen until they expire. */
export function verifier (secret: string): Authenticate {
  const key = keyOf(secret)
  const known = new Map<string, Caller>()

  async function verify (authorization: string): Promise<Caller> {
    const caller = await verified(key, bearerOf(authorization))
    const [oldest] = known.keys()
    if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest)
    known.set(authorization, caller)
    return caller
  }

  return authorization => {
    if (authorization === undefined) throw unauthenticated('a bearer token is needed')
    const caller = known.get(authorization)
    if (caller === undefined) return verify(authorization)
    if (caller.expires > Date.now()) return caller
    known.delete(authorization)
    throw unauthenticated('the token has expired')
  }
}

function bearerOf (authorization: string): string {
  const [, token] = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization) ?? []
  if (token === undefined) throw unauthenticated('the Authorization header is not "Bearer" and a token')
  return token
}

async function verified (key: Uint8Array, token: string): Promise<Caller> {
  try {
    const { payload } = await jwtVerify(token, key, { algorithms: [ALGORITHM], issuer: ISSUER, audience: ISSUER, typ: 'at+jwt', maxTokenAge: MAX_LIFETIME })
    return callerOf(payload)
  } catch (thrown) {
    const expired = thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_JWT_EXPIRED'
    throw unauthenticated(expired ? 'the token has expired' : 'the token is not one of this server')
  }
}

function callerOf (claims: Readonly<Record<string, unknown>>): Caller {
  const text = (name: string): string => {
    const value = claims[name]
    if (typeof value !== 'string') throw new TypeError(`the claim ${name} is missing`)
    return value
  }
  const token = Object.freeze({ client: text('client_id'), scopes: scopes(text('scope')), jti: text('jti'), expires: Number(claims['exp']) * 1000 })
  switch (claims['kind']) {
    case 'operator': return { ...token, kind: 'operator', actor: text('actor') }
    case 'self': return { ...token, kind: 'self', patient: text('patient'), owner: text('owner') }
    case 'treating': return { ...token, kind: 'treating', actor: text('actor') }
    default: throw new TypeError('the claim kind is not known')
  }
}
