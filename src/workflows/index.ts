// The workflows of the bundle.
export { session } from './session.ts'
