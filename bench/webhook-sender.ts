// A client of its own for webhooks: kept connections, one request at a time on each, and next to no work for an answer,
// so that little of the two cores goes to asking.
import { connect, type Socket } from 'node:net'
import type { SignedBody } from './bodies.ts'

export interface Answer {
  readonly status: number
  /** On the machine's monotonic clock, in milliseconds. */
  readonly at: number
}

const STATUS_AT = 'HTTP/1.1 '.length
const HEAD_END = Buffer.from('\r\n\r\n')

/** One clock for all processes of the machine. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6

export class WebhookConnection {
  readonly #socket: Socket
  readonly #head: string
  #got: Buffer = Buffer.alloc(0)
  #answer: { resolve(answer: Answer): void; reject(error: Error): void } | null = null

  private constructor(socket: Socket, url: URL) {
    this.#socket = socket
    this.#head = `POST ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: application/json\r\n`
    socket.setNoDelay(true)
    socket.on('data', (data) => this.#read(data))
    socket.on('error', (error) => this.#answer?.reject(error))
    socket.on('close', () => this.#answer?.reject(new Error('the connection was closed')))
  }

  static open(address: string): Promise<WebhookConnection> {
    const url = new URL(address)
    return new Promise((resolve, reject) => {
      const socket = connect({ host: url.hostname, port: Number(url.port) }, () =>
        resolve(new WebhookConnection(socket, url)),
      )
      socket.once('error', reject)
    })
  }

  post({ body, signature }: SignedBody): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject }
      this.#socket.cork()
      this.#socket.write(`${this.#head}x-hub-signature-256: ${signature}\r\ncontent-length: ${body.length}\r\n\r\n`)
      this.#socket.write(body)
      this.#socket.uncork()
    })
  }

  close(): void {
    this.#answer = null
    this.#socket.destroy()
  }

  #read(data: Buffer): void {
    this.#got = this.#got.length === 0 ? data : Buffer.concat([this.#got, data])
    const end = this.#got.indexOf(HEAD_END)
    if (end < 0) return
    const head = this.#got.toString('latin1', 0, end)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (this.#got.length < end + HEAD_END.length + length) return
    this.#got = this.#got.subarray(end + HEAD_END.length + length)
    const answer = this.#answer
    this.#answer = null
    answer?.resolve({ status: Number(head.slice(STATUS_AT, STATUS_AT + 3)), at: now() })
  }
}
