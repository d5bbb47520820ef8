import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Config } from './config.js'
import { StartError } from './start-error.js'

const RESTART_AFTER = 1000

/**
 * Runs the server in `config.workers` processes that share one port; one that dies is replaced.
 * @param environment what the workers must know besides this process's own environment
 */
export async function runWorkers ({ workers }: Pick<Config, 'workers'>, environment: Record<string, string>, say: (line: string) => void): Promise<{ stop: () => Promise<void> }> {
  let stopping = false
  // Whatever has started this process: `npm start` is a script of its own.
  cluster.setupPrimary({ exec: fileURLToPath(new URL('cli.js', import.meta.url)) })
  const fork = (): Worker => {
    const worker = cluster.fork(environment)
    worker.once('exit', (code, signal) => {
      if (stopping) return
      say(`A worker ended (${signal ?? code}); starting another`)
      setTimeout(() => { if (!stopping) fork() }, RESTART_AFTER).unref()
    })
    return worker
  }
  const first = Array.from({ length: workers }, fork)
  const stop = async (): Promise<void> => {
    stopping = true
    const running = Object.values(cluster.workers ?? {}).filter(worker => worker !== undefined)
    await Promise.all(running.map(async worker => {
      const ended = once(worker.process, 'exit')
      worker.process.kill('SIGTERM')
      await ended
    }))
  }
  if (!(await Promise.all(first.map(listens))).every(Boolean)) {
    await stop()
    throw new StartError('A worker could not start; its message is above.')
  }
  return { stop }
}

const listens = async (worker: Worker): Promise<boolean> => await Promise.race([
  once(worker, 'listening').then(() => true),
  once(worker, 'exit').then(() => false)
])
