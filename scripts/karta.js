#!/usr/bin/env node
// The package's command. In the clone it must be there before anything is built, or npx remembers that there is none.
import { existsSync } from 'node:fs'

if (!existsSync(new URL('../dist/cli.js', import.meta.url))) await import('./build.js')
await import('../dist/cli.js')
