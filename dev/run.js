// What npm's scripts call: `node dev/run.js start`. Plain JavaScript without imports, so that an old Node reads it too,
// and is told about in a sentence instead of by a stack trace.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 18)) {
  await import(`./${process.argv[2]}.ts`)
} else {
  console.error(
    `Parley needs Node 22.18 or newer, and this is ${process.versions.node}: run "npm ci" again, which brings a Node 24 along where there is one for this machine, or install Node 24 from https://nodejs.org.`,
  )
  process.exitCode = 1
}
