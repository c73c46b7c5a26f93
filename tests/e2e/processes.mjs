// Real processes for the end-to-end tests: the simulator, the edge and the worker, each with folders of its
// own below one temporary directory. Everything waits on events (a ready line, an HTTP long poll, an exit),
// never on a fixed sleep; a deadline only turns a hang into a failure with the process's last log lines.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const BIN = resolve(process.env.WA_BIN ?? 'build/dev/bin')
export const PATIENCE_MS = Number(process.env.WA_TEST_PATIENCE_MS ?? 60_000)

/** A free port of 127.0.0.1. */
export async function freePort() {
  return new Promise((done, fail) => {
    const server = net.createServer()
    server.once('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })
}

/** Asks again, without hurry, until `probe` returns something true; its last error tells why it never did. */
export async function until(what, probe, patience = PATIENCE_MS) {
  const deadline = Date.now() + patience
  let last
  for (;;) {
    try {
      const found = await probe()
      if (found) return found
      last = undefined
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline)
      throw new Error(`waited ${patience} ms for: ${what}${last ? ` (last: ${last.message})` : ''}`)
    await new Promise((next) => setTimeout(next, 25))
  }
}

/** fetch that speaks JSON and refuses anything but 2xx. */
export async function json(method, url, body, headers = {}) {
  const answer = await fetch(url, {
    method,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text.slice(0, 300)}`)
  return text === '' ? null : JSON.parse(text)
}

export class Program {
  constructor(name, args, env, label = name) {
    this.label = label
    this.lines = []
    this.waiters = new Set()
    this.child = spawn(join(BIN, name), args, {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ASAN_OPTIONS: 'detect_leaks=1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.exited = new Promise((done) => this.child.once('exit', (code, signal) => done({ code, signal })))
    this.exited.then((how) => {
      this.ended = how
      for (const waiter of this.waiters) waiter()
    })
    for (const stream of [this.child.stdout, this.child.stderr]) this.#collect(stream)
  }

  #collect(stream) {
    let rest = ''
    stream.setEncoding('utf8')
    stream.on('data', (chunk) => {
      const parts = (rest + chunk).split('\n')
      rest = parts.pop()
      this.lines.push(...parts)
      if (this.lines.length > 20_000) this.lines.splice(0, 10_000)
      for (const waiter of this.waiters) waiter()
    })
  }

  /** The first line, printed already or later, that `matches` accepts (a RegExp or a function). */
  async line(matches, patience = PATIENCE_MS) {
    const accept = matches instanceof RegExp ? (text) => matches.test(text) : matches
    const find = () => this.lines.find(accept)
    return new Promise((done, fail) => {
      const check = () => {
        const found = find()
        if (found === undefined && !this.ended) return
        finish()
        if (found !== undefined) done(found)
        else fail(new Error(`${this.label} ended (${JSON.stringify(this.ended)}) before ${matches}\n${this.tail()}`))
      }
      const timer = setTimeout(() => {
        finish()
        fail(new Error(`${this.label} never printed ${matches}\n${this.tail()}`))
      }, patience)
      const finish = () => {
        clearTimeout(timer)
        this.waiters.delete(check)
      }
      this.waiters.add(check)
      check()
    })
  }

  tail(count = 40) {
    return this.lines.slice(-count).map((line) => `  ${this.label}| ${line}`).join('\n')
  }

  signal(name) {
    this.child.kill(name)
  }

  /** Sends SIGTERM and waits for the end; kills it after `patience`. */
  async stop(patience = 15_000) {
    if (this.ended) return this.ended
    this.signal('SIGTERM')
    const timer = setTimeout(() => this.signal('SIGKILL'), patience)
    const how = await this.exited
    clearTimeout(timer)
    return how
  }

  async kill() {
    if (this.ended) return this.ended
    this.signal('SIGKILL')
    return this.exited
  }
}

/** A temporary folder and the programs started in it; `close()` ends and removes all. */
export class Desk {
  constructor(name) {
    this.folder = mkdtempSync(join(tmpdir(), `wa-${name}-`))
    this.programs = []
  }

  path(...parts) {
    return join(this.folder, ...parts)
  }

  write(name, text) {
    writeFileSync(this.path(name), text)
    return this.path(name)
  }

  start(name, args, env, label) {
    const program = new Program(name, args, env, label)
    this.programs.push(program)
    return program
  }

  /** What the programs said last, for a failing test. */
  story() {
    return this.programs.map((program) => program.tail()).join('\n')
  }

  async close() {
    await Promise.all(this.programs.map((program) => program.stop()))
    rmSync(this.folder, { recursive: true, force: true })
  }
}
