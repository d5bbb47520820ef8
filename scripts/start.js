// npm start: builds what is not current, then is the server itself. One process and no shell between it and npm, so that
// the signals that npm passes on reach it.
await import('./build.js')
process.argv = [process.argv[0], 'karta', 'start']
await import('../dist/cli.js')
