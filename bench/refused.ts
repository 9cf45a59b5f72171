// A figure of work that was refused is no figure.
export function refuseNone(refused: number): void {
  if (refused > 0) throw new Error(`${refused} webhooks were not answered with 200, so their rate says nothing.`)
}
