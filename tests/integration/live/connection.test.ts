import { once } from 'node:events'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { Connection } from '../../../src/api/live/connection.ts'
import { eventually } from '../../support/eventually.ts'

let server: WebSocketServer
beforeAll(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(server, 'listening')
})
afterAll(() => server.close())

const rights = { userId: 'u', role: 'operator', groupIds: [], seeOthers: false, slots: 5 } as const
const who = { actor: { kind: 'operator', rights }, email: '', name: '', by: { kind: 'login', id: 'l' } } as const

async function pair(): Promise<{ client: WebSocket; connection: Connection }> {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const accepted = once(server, 'connection')
  const client = new WebSocket(`ws://127.0.0.1:${address.port}`)
  await once(client, 'open')
  const [ws] = (await accepted) as [WebSocket]
  return { client, connection: new Connection(ws, who) }
}

it('drops a reader who does not keep up, and keeps no more than its bound for them', async () => {
  const { client, connection } = await pair()
  client.pause()
  const frame = Buffer.alloc(64 * 1024, 'x')
  let sent = 0
  while (connection.open && sent < 1_000) {
    connection.send(frame)
    sent++
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(connection.open).toBe(false)
  expect(sent).toBeLessThan(400)
  client.terminate()
})

it('takes back what is not yet written when a right is withdrawn', async () => {
  const { client, connection } = await pair()
  const heard: string[] = []
  client.on('message', (data) => heard.push(String(data)))
  let code = 0
  client.on('close', (closed) => {
    code = closed
  })
  connection.send(Buffer.from('before'))
  connection.hold()
  connection.send(Buffer.from('a secret'))
  connection.close(4403, 'rights changed')
  await eventually(() => code !== 0, 'closed', 1_000)
  expect({ code, heard }).toEqual({ code: 4403, heard: ['before'] })
})

it('ends the talk with whoever says what is not understood, or too much', async () => {
  for (const said of [['{'], ['{"type":"typing"}'], Array<string>(30).fill('{"type":"watch","sessions":"mine"}')]) {
    const { client } = await pair()
    const closed = once(client, 'close')
    for (const words of said) client.send(words)
    expect((await closed)[0]).toBe(1008)
  }
})
