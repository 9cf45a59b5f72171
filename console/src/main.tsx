// Draws the console, once it is known who is signed in.
import './styles/tokens.css'
import './styles/base.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { begin } from './store/app.ts'

const place = document.getElementById('app')
if (place === null) throw new Error('The page has no place for the console.')
render(<App />, place)
void begin()
