// The steps of a flow on a terminal, or line by line elsewhere.

import type { FlowEvent } from './flow_event'

/** @internal */
export interface Drawing {
  show(event: FlowEvent): void
  /** Leaves the line, for somebody else will write. */
  pause(): void
  end(): void
}

/** @internal Draws on `stream`: one line per step, rewritten in place where that is possible. */
export function draw(stream: NodeJS.WriteStream): Drawing {
  let open = false
  const write = (text: string, last: boolean) => {
    if (stream.isTTY) {
      stream.write(`${open ? '\r\u001b[K' : ''}${text.slice(0, Math.max(20, stream.columns - 1))}${last ? '\n' : ''}`)
      open = !last
    } else if (last) {
      stream.write(`${text}\n`)
    }
  }
  const leave = () => {
    if (open) stream.write('\n')
    open = false
  }
  return {
    show(event) {
      const last = event.type === 'step_finished' || event.type === 'finished'
      write(last ? `✓ ${event}` : `… ${event}`, last)
    },
    pause: leave,
    end: leave,
  }
}
