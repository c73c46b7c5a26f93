// wa-sim as a child process, and its control API.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The binary: WA_SIM, or the first one found among the build directories. */
function binary() {
  if (process.env.WA_SIM) return process.env.WA_SIM
  for (const build of ['dev', 'release', 'sim']) {
    const path = `${root}build/${build}/bin/wa-sim`
    if (existsSync(path)) return path
  }
  throw new Error('wa-sim not found: build it, or set WA_SIM')
}

export class Simulator {
  static async start({ seed = 1, args = [] } = {}) {
    const child = spawn(binary(), ['--port', '0', '--seed', String(seed), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
    const lines = createInterface({ input: child.stdout })
    const first = await Promise.race([
      new Promise((resolve) => lines.once('line', resolve)),
      ended.then(({ code, signal }) => { throw new Error(`wa-sim ended early: ${code ?? signal}`) }),
    ])
    return new Simulator(child, ended, JSON.parse(first))
  }

  constructor(child, ended, ready) {
    this.child = child
    this.ended = ended
    this.url = ready.url
    this.control = ready.control
    this.noiseRoot = ready.noise_root
  }

  async request(method, path, body) {
    const response = await fetch(`${this.control}/control/${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.error}`)
    return answer
  }
  get(path) { return this.request('GET', path) }
  post(path, body = {}) { return this.request('POST', path, body) }

  /** Messages a person received; waits until there are `min` that match. */
  async received(person, { min = 1, waitMs = 5000, ...filter } = {}) {
    const kind = person.id.startsWith('phone') ? 'phones' : 'contacts'
    const query = new URLSearchParams({ min, wait_ms: waitMs, ...filter })
    const messages = await this.get(`${kind}/${person.id}/received?${query}`)
    if (messages.length < min)
      throw new Error(`${person.id}: ${messages.length} of ${min} messages ${JSON.stringify(filter)}`)
    return messages
  }

  async stop() {
    this.child.kill('SIGTERM')
    return this.ended
  }
}
