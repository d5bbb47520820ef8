// How far a load is: a bar on a terminal, a line now and then elsewhere.
import { SingleBar } from 'cli-progress'
import { number, type Tally } from './tally.js'

export interface Progress {
  /** `total`: bytes of all files. */
  readonly start: (total: number, tally: Tally) => void
  readonly advance: (bytes: number) => void
  /** So many bytes have to be read once more. */
  readonly extend: (bytes: number) => void
  readonly stop: () => void
}

const EVERY = 250
const LINE_EVERY = 5000

interface State { readonly done: number, readonly total: number, readonly tally: Tally, readonly start: number }

/** `8,123 a second, 0:12 left` */
function pace ({ done, total, tally, start }: State): string {
  const seconds = (performance.now() - start) / 1000
  const rate = Math.round(tally.total.read / Math.max(seconds, 0.001))
  const left = done === 0 ? undefined : Math.round(seconds * (total - done) / done)
  return `${number(rate)} a second${left === undefined ? '' : `, ${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')} left`}`
}

const counted = ({ tally: { total, skipped } }: State): string =>
  `${number(total.read + skipped)} resources${total.failed === 0 ? '' : `, ${number(total.failed)} failed`}`

/** The progress for a stream: a bar where it is a terminal. */
export function progressOn (stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? bar(stream) : lines(text => stream.write(`${text}\n`))
}

function bar (stream: NodeJS.WriteStream): Progress {
  const bar = new SingleBar({ stream, format: '{bar} {percentage}% | {resources} | {pace}', hideCursor: true, barsize: 30, etaBuffer: 1 })
  return ticking(EVERY, {
    begin: ({ total }) => bar.start(total, 0, { resources: '', pace: '' }),
    tick: state => {
      bar.setTotal(state.total)
      bar.update(state.done, { resources: counted(state), pace: pace(state) })
    },
    end: () => bar.stop()
  })
}

/** A line every few seconds; `say` gets the text. */
export function lines (say: (text: string) => void): Progress {
  return ticking(LINE_EVERY, {
    begin: () => {},
    tick: state => say(`${Math.floor(100 * state.done / Math.max(1, state.total))} % | ${counted(state)} | ${pace(state)}`),
    end: () => {}
  })
}

interface Steps { readonly begin: (state: State) => void, readonly tick: (state: State) => void, readonly end: () => void }

function ticking (every: number, { begin, tick, end }: Steps): Progress {
  let state: State | undefined
  let timer: NodeJS.Timeout | undefined
  return {
    start: (total, tally) => {
      state = { done: 0, total, tally, start: performance.now() }
      begin(state)
      timer = setInterval(() => { if (state !== undefined) tick(state) }, every)
      timer.unref()
    },
    advance: bytes => { if (state !== undefined) state = { ...state, done: state.done + bytes } },
    extend: bytes => { if (state !== undefined) state = { ...state, total: state.total + bytes } },
    stop: () => {
      clearInterval(timer)
      if (state !== undefined) tick(state)
      end()
    }
  }
}
