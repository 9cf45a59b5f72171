// A chat as its client sees it, with everything that a client can do.
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { BusinessNumber, Client, Note } from '../../words.ts'
import { Bubble } from './bubble.tsx'
import { Menu } from './menu.tsx'
import { act, call, numbers, onPhone, simulatedNow, talks, underWay } from './store.ts'

interface Props {
  readonly client: Client
  readonly number: BusinessNumber
  readonly back: () => void
  readonly pick: (phoneNumberId: string) => void
}

const fileKind = (type: string): string => {
  const [kind] = type.split('/')
  if (type === 'image/webp') return 'sticker'
  return kind === 'image' || kind === 'video' || kind === 'audio' ? kind : 'document'
}

export function Chat({ client, number, back, pick }: Props) {
  const text = useSignal('')
  const quoted = useSignal<Note | null>(null)
  const list = useRef<HTMLDivElement>(null)
  const field = useRef<HTMLTextAreaElement>(null)
  const messages = onPhone(client.id, number.phoneNumberId)
  const coming = underWay(client.id, number.phoneNumberId)
  const talk = talks.value.get(`${number.phoneNumberId}/${client.id}`)
  const typing = talk?.typingUntil && talk.typingUntil > simulatedNow()
  const path = (what: string) => `/clients/${client.id}/${what}?number=${number.phoneNumberId}`
  const write = (body: object) => act(() => call('POST', path('messages'), body))
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight })
  }, [messages.length, typing])

  const send = async () => {
    const body = text.value.trim()
    if (body === '') return
    const replyTo = quoted.value?.wamid
    if (await write({ type: 'text', text: body, ...(replyTo ? { replyTo } : {}) })) {
      text.value = ''
      quoted.value = null
    }
  }
  const attach = async (event: Event) => {
    const input = event.currentTarget as HTMLInputElement
    const [file] = input.files ?? []
    if (!file) return
    const bytes = new Uint8Array(await file.arrayBuffer())
    let binary = ''
    for (const byte of bytes) binary += String.fromCharCode(byte)
    const mimeType = file.type || 'application/octet-stream'
    await write({ type: fileKind(mimeType), data: btoa(binary), mimeType, filename: file.name })
    input.value = ''
  }
  const unread = messages.filter((note) => note.from === 'company' && note.status === 'delivered').length
  return (
    <>
      <header class="bar">
        <button type="button" class="icon" aria-label="Back to the list of clients" onClick={back}>
          ‹
        </button>
        <span class="who">
          <b>{number.verifiedName}</b>
          <small aria-live="polite">
            {typing ? 'typing…' : `phone of ${client.name ?? `+${client.phone}`}${client.online ? '' : ' · offline'}`}
          </small>
        </span>
        {numbers.value.length > 1 && (
          <select
            aria-label="Number of the company"
            value={number.phoneNumberId}
            onChange={(event) => pick(event.currentTarget.value)}
          >
            {numbers.value.map((one) => (
              <option key={one.phoneNumberId} value={one.phoneNumberId}>
                {one.displayPhoneNumber}
              </option>
            ))}
          </select>
        )}
        <Menu client={client} number={number} />
      </header>
      <div class="chat" ref={list} role="log" aria-label="Messages">
        {messages.length === 0 && (
          <p class="empty">Write to {number.verifiedName}: the first message begins a conversation.</p>
        )}
        {messages.map((note) => (
          <Bubble
            key={note.wamid}
            note={note}
            quoted={note.replyTo ? (messages.find(({ wamid }) => wamid === note.replyTo) ?? null) : null}
            reply={() => {
              quoted.value = note
              field.current?.focus()
            }}
            react={(emoji) => write({ type: 'reaction', to: note.wamid, emoji })}
            press={(button) => write({ type: 'press', on: note.wamid, button })}
            play={() => act(() => call('POST', path('play'), { wamid: note.wamid }))}
          />
        ))}
        {typing && (
          <p class="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </p>
        )}
      </div>
      {coming.length > 0 && (
        <p
          class="note"
          title={coming
            .map(({ shown, status, failure }) => `${status}${failure ? ` ${failure.code}` : ''}: ${shown.body}`)
            .join('\n')}
        >
          {coming.filter(({ status }) => status !== 'failed').length} on the way,{' '}
          {coming.filter(({ status }) => status === 'failed').length} failed
        </p>
      )}
      <div class="tools">
        <button type="button" disabled={unread === 0} onClick={() => act(() => call('POST', path('read'), {}))}>
          {unread > 0 ? `Read ${unread}` : 'Read'}
        </button>
        <button
          type="button"
          aria-pressed={!client.online}
          onClick={() => act(() => call('PATCH', `/clients/${client.id}`, { online: !client.online }))}
        >
          {client.online ? 'Go offline' : 'Come back online'}
        </button>
        <label class="check">
          <input
            type="checkbox"
            checked={client.autoRead}
            onChange={(event) =>
              act(() => call('PATCH', `/clients/${client.id}`, { autoRead: event.currentTarget.checked }))
            }
          />
          Reads at once
        </label>
      </div>
      {quoted.value && (
        <p class="quoting">
          <span>{quoted.value.shown.body || quoted.value.type}</span>
          <button
            type="button"
            class="icon"
            aria-label="Do not quote"
            onClick={() => {
              quoted.value = null
            }}
          >
            ×
          </button>
        </p>
      )}
      <form
        class="compose"
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <label class="icon file" title="Attach a file">
          <span aria-hidden="true">+</span>
          <input type="file" aria-label="Attach a file" onChange={attach} />
        </label>
        <textarea
          ref={field}
          rows={1}
          aria-label="Message"
          placeholder="Message"
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
            event.preventDefault()
            void send()
          }}
        />
        <button type="submit" class="send" aria-label="Send">
          ➤
        </button>
      </form>
    </>
  )
}
