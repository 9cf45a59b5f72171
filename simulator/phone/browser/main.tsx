// The page: two phones side by side where there is room, and the drawer with the knobs.
import { signal } from '@preact/signals'
import { render } from 'preact'
import { Drawer } from './drawer.tsx'
import { Phone } from './phone.tsx'
import { connect, connected, held, trouble, webhookUrl } from './store.ts'
import './styles.css'

const drawerOpen = signal(false)

function Page() {
  return (
    <div class={drawerOpen.value ? 'page with-drawer' : 'page'}>
      <header class="top">
        <h1>Phones</h1>
        <span class="where">
          {!connected.value
            ? 'No connection to the simulator'
            : webhookUrl.value === null
              ? 'No webhook is subscribed yet'
              : `Webhooks go to ${webhookUrl.value}`}
        </span>
        {held.value > 0 && <span class="badge">{held.value} answers held</span>}
        <button
          type="button"
          aria-expanded={drawerOpen.value}
          aria-controls="drawer"
          onClick={() => {
            drawerOpen.value = !drawerOpen.value
          }}
        >
          Knobs
        </button>
      </header>
      {trouble.value && (
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      )}
      <main class="desk">
        <Phone name="First phone" slot={0} />
        <Phone name="Second phone" slot={1} />
      </main>
      {drawerOpen.value && <Drawer />}
    </div>
  )
}

const root = document.querySelector('#app')
if (root) render(<Page />, root)
connect()
