// npm start: builds what is not current, then is the server itself. One process, and by `exec` in package.json no shell
// between it and npm, so that the signals that npm passes on reach it and npm waits for its end.
await import('./build.js')
process.argv = [process.argv[0], 'karta', 'start']
await import('../dist/cli.js')
