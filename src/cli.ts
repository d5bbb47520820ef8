#!/usr/bin/env node
import { createRequire } from 'node:module'
import { Command } from 'commander'
import { readConfig } from './config.js'
import { StartError } from './start-error.js'

// Results go to stdout; whatever else there is to say goes to stderr, so that a command's output can be used by another.
const aside = (line: string): void => { process.stderr.write(`${line}\n`) }
const out = (line: string): void => { process.stdout.write(`${line}\n`) }

const { version, description } = createRequire(import.meta.url)('../package.json') as { version: string, description: string }

const program = new Command('karta').description(description).version(version)
  .addHelpText('after', '\nSettings are in the environment: docs/configuration.md')

program.command('start', { isDefault: true })
  .description('start the server (and PostgreSQL, unless DATABASE_URL names one)')
  .action(async () => {
    const { start } = await import('./main.js')
    await start(readConfig(), out)
  })

program.command('token')
  .description('print a token, alone on the last line: for the operator (--client), a patient, or somebody who treats patients')
  .option('--client <name>', 'the name that the audit trail shows; alone: a token of the operator')
  .option('--patient <id>', 'the token of this Patient, who sees his own record')
  .option('--treats <ids>', 'the token of somebody who treats these Patients, separated by commas')
  .option('--denied <label>', 'the security label that stays closed with --treats', 'PSY')
  .option('--scope <scopes>', 'SMART scopes (system/*.cruds for --client, patient/*.rs for --patient, user/*.cruds for --treats)')
  .option('--minutes <number>', 'how long it holds, 720 at most', '60')
  .action(async options => {
    const { token } = await import('./cli/token.js')
    out(await token(readConfig(), options, aside))
  })

program.command('load')
  .description('load resources and Bundles: folders, .json, .ndjson, .tar, each also .gz or .xz; run again, it goes on where it was')
  .argument('<path...>')
  .option('--errors <file>', 'where what fails is listed, a line of JSON each (load-errors.ndjson in the data folder)')
  .option('--writers <number>', 'how many Bundles, or chunks of lines, are written at a time', '4')
  .action(async (paths: string[], options) => {
    const { loadPaths } = await import('./cli/load.js')
    if (!await loadPaths(readConfig(), paths, options, out, aside)) process.exitCode = 1
  })

program.command('migrate')
  .description('bring the database up to date')
  .action(async () => {
    const { withDatabase } = await import('./cli/database.js')
    await withDatabase(readConfig(), aside, async () => {})
    out('The database is up to date.')
  })

program.command('database')
  .description('run the embedded PostgreSQL alone and print its URL, for pg_dump and psql; Ctrl-C ends it')
  .action(async () => {
    const [{ openDatabase }, { until }] = await Promise.all([import('./database.js'), import('./main.js')])
    const database = await openDatabase(readConfig(), aside)
    out(database.url)
    until(database, aside)
    // A pending promise holds no process: a timer does, until the signal.
    setInterval(() => {}, 60_000)
  })

program.command('verify-audit')
  .description('look for an edit, a gap or a reordering in the audit trail')
  .action(async () => {
    const [{ withDatabase }, { verifyAudit }] = await Promise.all([import('./cli/database.js'), import('./consent/verify-audit.js')])
    const { links, faults, unsealed } = await withDatabase(readConfig(), aside, verifyAudit)
    for (const { writer, link, what } of faults) out(`writer ${writer}, link ${link}: ${what}`)
    out(`${links} links, ${faults.length} faults, ${unsealed} rows not sealed yet`)
    if (faults.length > 0) process.exitCode = 1
  })

program.command('config')
  .description('print the configuration that holds')
  .action(() => {
    const { databaseUrl, ...config } = readConfig()
    out(JSON.stringify({ ...config, databaseUrl: databaseUrl?.replace(/:[^:@/]*@/, ':***@') }, null, 2))
  })

try {
  await program.parseAsync()
} catch (thrown) {
  // What the operator can mend is said in one line; anything else is a fault of ours, with its stack.
  aside(thrown instanceof StartError ? `karta: ${thrown.message}` : `karta: ${thrown instanceof Error ? thrown.stack : String(thrown)}`)
  process.exit(1)
}
