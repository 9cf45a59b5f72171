// The web apps that browser tests open, built where they are missing or stale.
import { ensure } from '../../dev/artifact.ts'
import { consoleApp, phonePage } from '../../dev/web.ts'

export default async function setup(): Promise<void> {
  for (const app of [consoleApp, phonePage]) await ensure(app, (line) => console.log(line))
}
