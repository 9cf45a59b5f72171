// One line of progress, for whoever is waiting.
export type Say = (line: string) => void
