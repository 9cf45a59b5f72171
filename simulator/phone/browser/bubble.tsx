// One message on the phone, with its ticks as the client sees them.
import { useSignal } from '@preact/signals'
import type { Note } from '../../words.ts'

const EMOJI = ['👍', '❤️', '😂', '😮', '🙏']
const TICKS: Partial<Record<Note['status'], { mark: string; says: string }>> = {
  sent: { mark: '✓', says: 'Sent' },
  delivered: { mark: '✓✓', says: 'Delivered to the company' },
  read: { mark: '✓✓', says: 'Read by the company' },
}

interface Props {
  readonly note: Note
  readonly quoted: Note | null
  readonly reply: () => void
  readonly react: (emoji: string | null) => void
  readonly press: (button: string) => void
  readonly play: () => void
}

export function Bubble({ note, quoted, reply, react, press, play }: Props) {
  const open = useSignal(false)
  const mine = note.from === 'client'
  const { shown } = note
  const tick = mine ? TICKS[note.status] : undefined
  const own = note.reactions.client
  if (note.type === 'system') return <p class="system">{shown.body}</p>
  return (
    <article class={mine ? 'bubble mine' : 'bubble'} aria-label={mine ? 'Mine' : 'From the company'}>
      {note.groupId && <small class="muted">in group {note.groupId}</small>}
      {quoted && <blockquote>{quoted.shown.body || quoted.type}</blockquote>}
      {shown.mediaId && <Medium note={note} play={play} />}
      {shown.header && <strong class="head">{shown.header}</strong>}
      {shown.body && <p class="body">{shown.body}</p>}
      {shown.footer && <small class="muted">{shown.footer}</small>}
      <span class="meta">
        <time dateTime={new Date(note.at).toISOString()} title={new Date(note.at).toLocaleString()}>
          {new Date(note.at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}
        </time>
        {tick && (
          <span class={note.status === 'read' ? 'tick blue' : 'tick'} role="img" aria-label={tick.says}>
            {tick.mark}
          </span>
        )}
      </span>
      <span class="given">{[note.reactions.company, own].filter(Boolean).join(' ')}</span>
      <button
        type="button"
        class="more"
        aria-label="Reply or react"
        aria-expanded={open.value}
        onClick={() => {
          open.value = !open.value
        }}
      >
        ⌄
      </button>
      {open.value && (
        <span class="acts">
          <button
            type="button"
            onClick={() => {
              open.value = false
              reply()
            }}
          >
            Reply
          </button>
          {EMOJI.map((emoji) => (
            <button
              type="button"
              key={emoji}
              aria-pressed={own === emoji}
              onClick={() => {
                open.value = false
                react(own === emoji ? null : emoji)
              }}
            >
              {emoji}
            </button>
          ))}
        </span>
      )}
      {shown.buttons && (
        <span class="buttons">
          {shown.buttons.map((button) =>
            button.kind === 'url' ? (
              <a key={button.id} href={button.id} target="_blank" rel="noreferrer noopener">
                {button.text} ↗
              </a>
            ) : (
              <button
                type="button"
                key={button.id}
                disabled={button.kind === 'phone' || button.kind === 'copy'}
                aria-pressed={note.pressed === button.id}
                onClick={() => press(button.id)}
              >
                {button.text}
                {button.description && <small>{button.description}</small>}
              </button>
            ),
          )}
        </span>
      )}
    </article>
  )
}

function Medium({ note, play }: { note: Note; play: () => void }) {
  const { mediaId, mimeType, filename } = note.shown
  const source = `/simulator/media/${mediaId}`
  if (mimeType?.startsWith('image/')) return <img src={source} alt={filename ?? 'Picture'} />
  if (mimeType?.startsWith('video/')) {
    // biome-ignore lint/a11y/useMediaCaption: what people send one another has no captions
    return <video src={source} controls aria-label={filename ?? 'Video'} />
  }
  if (mimeType?.startsWith('audio/')) {
    const played = note.from === 'company' ? { onPlay: play } : {}
    return <audio src={source} controls aria-label="Audio" {...played} />
  }
  return (
    <a class="filelink" href={source} download={filename ?? 'file'}>
      📄 {filename ?? 'File'}
    </a>
  )
}
