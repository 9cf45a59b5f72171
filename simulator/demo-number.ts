// The number that is there when nobody names another: at the simulator alone, in the demo, in tests.
import type { BusinessNumber } from './words.ts'

export const DEMO_NUMBER: BusinessNumber = {
  phoneNumberId: '106540352242922',
  wabaId: '102290129340398',
  displayPhoneNumber: '+420 555 000 111',
  verifiedName: 'Parley Demo',
}
