// An operator at the API: signs in, gives commands, listens at the websocket.
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 } from 'uuid'
import WebSocket from 'ws'

export interface Frame {
  readonly type: string
  readonly message?: { readonly text: string | null; readonly direction: 'in' | 'out' }
}

export class Operator {
  readonly url: string
  readonly cookie: string

  private constructor(url: string, cookie: string) {
    this.url = url
    this.cookie = cookie
  }

  static async signIn(url: string, email: string, password: string): Promise<Operator> {
    const response = await fetch(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({ email, password }),
    })
    if (!response.ok) throw new Error(`${email} cannot sign in: ${response.status} ${await response.text()}`)
    return new Operator(
      url,
      response.headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; '),
    )
  }

  /** A repeat is answered as the first was; told to come back later, it comes back. */
  async command(path: string, body?: object, key = v7()): Promise<unknown> {
    for (;;) {
      const response = await fetch(`${this.url}/api/v1${path}`, {
        method: 'POST',
        headers: {
          cookie: this.cookie,
          origin: this.url,
          'idempotency-key': key,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const answer: unknown = await response.json()
      if (response.ok) return answer
      if (response.status !== 429 && response.status !== 503) throw new Error(`${path}: ${JSON.stringify(answer)}`)
      await sleep(Number(response.headers.get('retry-after') ?? 1) * 1000)
    }
  }

  listen(onFrame: (frame: Frame) => void): Promise<WebSocket> {
    const socket = new WebSocket(`${this.url.replace('http', 'ws')}/api/v1/live`, {
      headers: { cookie: this.cookie, origin: this.url },
    })
    return new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('message', (data) => {
        const frame = JSON.parse(String(data)) as Frame
        if (frame.type === 'hello') resolve(socket)
        onFrame(frame)
      })
    })
  }
}
