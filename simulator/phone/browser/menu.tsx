// What else can happen to a client: a new number, an edit, an echo of the company's own phone, no more marketing.
import type { BusinessNumber, Client } from '../../words.ts'
import { act, call } from './store.ts'

export function Menu({ client, number }: { client: Client; number: BusinessNumber }) {
  const at = (what: string) => `/clients/${client.id}/${what}?number=${number.phoneNumberId}`
  const patch = (body: object) => act(() => call('PATCH', `/clients/${client.id}`, body))
  const move = () => {
    const phone = prompt('The new number, with country code', `+${client.phone}`)
    if (phone) void act(() => call('POST', at('change-number'), { phone }))
  }
  const echo = () => {
    const text = prompt('What the company writes on its own phone')
    if (text) void act(() => call('POST', at('echo'), { text }))
  }
  const ad = {
    source_url: 'https://example.com/ad',
    source_id: '120226305854810726',
    source_type: 'ad',
    headline: 'Chat with us',
    body: 'An advertisement',
    ctwa_clid: 'ARAkLkA8rmlFeiCktEJQ',
  }
  return (
    <details class="menu">
      <summary aria-label="More of this client">⋮</summary>
      <div>
        <button type="button" onClick={move}>
          Change number…
        </button>
        <button type="button" onClick={() => patch({ sharesPhone: !client.sharesPhone })}>
          {client.sharesPhone ? 'Hide the number' : 'Share the number'}
        </button>
        <button type="button" onClick={() => patch({ onWhatsApp: !client.onWhatsApp })}>
          {client.onWhatsApp ? 'Delete the account' : 'Sign up again'}
        </button>
        <button type="button" onClick={() => patch({ stoppedMarketing: !client.stoppedMarketing })}>
          {client.stoppedMarketing ? 'Resume marketing' : 'Stop marketing'}
        </button>
        <button
          type="button"
          onClick={() =>
            act(() =>
              call('POST', at('messages'), {
                type: 'location',
                latitude: 49.1951,
                longitude: 16.6068,
                name: 'Brno',
                address: 'Náměstí Svobody',
              }),
            )
          }
        >
          Send a place
        </button>
        <button
          type="button"
          onClick={() => act(() => call('POST', at('messages'), { type: 'unsupported', what: 'edit' }))}
        >
          Edit a message
        </button>
        <button
          type="button"
          onClick={() =>
            act(() => call('POST', at('messages'), { type: 'text', text: 'Hello from your ad', referral: ad }))
          }
        >
          Come by an advertisement
        </button>
        <button
          type="button"
          onClick={() =>
            act(() => call('POST', at('messages'), { type: 'text', text: 'Hello, group', groupId: 'Y2FwaV9ncm91cDox' }))
          }
        >
          Write in a group
        </button>
        <button type="button" onClick={echo}>
          Company writes by phone…
        </button>
      </div>
    </details>
  )
}
