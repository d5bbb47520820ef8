import type { Operator } from '../auth/caller.js'
import { scopes } from '../auth/scope.js'

/** The caller of a command: whoever may run it on this machine. It has no token that could end. */
export const OPERATOR: Operator = { kind: 'operator', actor: '1', client: 'karta load', scopes: scopes('system/*.cruds'), jti: 'karta load', expires: Number.MAX_SAFE_INTEGER }
