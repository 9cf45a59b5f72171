// One phone: the list of clients, or one client's chat with one of the company's numbers.
import { useSignal } from '@preact/signals'
import type { Client } from '../../words.ts'
import { Chat } from './chat.tsx'
import { act, call, clients, notes, numbers } from './store.ts'

const KEPT = 'phone.client.'

export function Phone({ name, slot }: { name: string; slot: number }) {
  const chosen = useSignal(localStorage.getItem(KEPT + slot) ?? '')
  const number = useSignal('')
  const choose = (id: string) => {
    chosen.value = id
    localStorage.setItem(KEPT + slot, id)
  }
  const client = clients.value.get(chosen.value)
  const company = numbers.value.find(({ phoneNumberId }) => phoneNumberId === number.value) ?? numbers.value[0]
  return (
    <section class="phone" aria-label={name}>
      <div class="screen">
        {client && company ? (
          <Chat
            client={client}
            number={company}
            back={() => choose('')}
            pick={(id) => {
              number.value = id
            }}
          />
        ) : (
          <Clients choose={choose} />
        )}
      </div>
    </section>
  )
}

function Clients({ choose }: { choose: (id: string) => void }) {
  const adding = useSignal(false)
  const lastOf = (client: Client) =>
    [...notes.value.values()].filter(({ clientId, type }) => clientId === client.id && type !== 'reaction').at(-1)
  const all = [...clients.value.values()].sort((a, b) => (lastOf(b)?.no ?? 0) - (lastOf(a)?.no ?? 0))
  return (
    <>
      <header class="bar">
        <h2>Whose phone is this?</h2>
      </header>
      <ul class="clients">
        {all.map((client) => (
          <li key={client.id}>
            <button type="button" onClick={() => choose(client.id)}>
              <span class="face" aria-hidden="true">
                {(client.name ?? '?').slice(0, 1).toUpperCase()}
              </span>
              <span class="who">
                <b>{client.name ?? 'No name'}</b>
                <small>
                  {client.sharesPhone ? `+${client.phone}` : `${client.bsuid.slice(0, 12)}… · hides the number`}
                </small>
              </span>
              {!client.online && <small class="muted">offline</small>}
            </button>
          </li>
        ))}
        {all.length === 0 && (
          <li class="empty">Nobody has a phone yet. Add a client, and write to the company as them.</li>
        )}
      </ul>
      {adding.value || all.length === 0 ? (
        <AddClient
          done={(id) => {
            adding.value = false
            choose(id)
          }}
        />
      ) : (
        <footer class="foot">
          <button
            type="button"
            class="main"
            onClick={() => {
              adding.value = true
            }}
          >
            Add a client
          </button>
        </footer>
      )}
    </>
  )
}

function AddClient({ done }: { done: (id: string) => void }) {
  const suggested = `+42077${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`
  const add = async (event: SubmitEvent) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    await act(async () => {
      const made = await call<Client>('POST', '/clients', {
        name: String(form.get('name')).trim() || null,
        phone: String(form.get('phone')),
        sharesPhone: form.get('hidden') === null,
      })
      done(made.id)
    })
  }
  return (
    <form class="add" aria-label="Add a client" onSubmit={add}>
      <label>
        Name <input name="name" autocomplete="off" />
      </label>
      <label>
        Phone <input name="phone" type="tel" required defaultValue={suggested} autocomplete="off" />
      </label>
      <label class="check">
        <input name="hidden" type="checkbox" /> Hides the number: the company sees an id only
      </label>
      <button type="submit" class="main">
        Add
      </button>
    </form>
  )
}
