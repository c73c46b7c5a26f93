// One Baileys account on one set of credentials in memory: pairs through a simulated phone, logs in again
// after every close that allows it, keeps what it received.
import makeWASocket, { Browsers, initAuthCreds, useMultiFileAuthState } from '@whiskeysockets/baileys'
import { WA_CERT_DETAILS } from '@whiskeysockets/baileys/lib/Defaults/index.js'

const silent = {
  level: process.env.BAILEYS_LOG ?? 'silent',
  child: () => silent,
  trace: (...args) => { if (silent.level === 'trace') console.error('trace', ...args) },
  debug: () => {}, info: () => {},
  warn: (...args) => { if (silent.level !== 'silent') console.error('warn', ...args) },
  error: (...args) => { if (silent.level !== 'silent') console.error('error', ...args) },
}

/** libsignal prints sessions with their private keys: nothing of that belongs on a terminal. */
export function silenceLibsignal() {
  for (const method of ['log', 'info', 'warn', 'error']) {
    const original = console[method]
    console[method] = (...args) => {
      if (args.some((arg) => typeof arg === 'object') || /session|prekey|decrypt/i.test(String(args[0]))) return
      original(...args)
    }
  }
}

function memoryKeys() {
  const values = new Map()
  return {
    get: async (type, ids) => Object.fromEntries(
      ids.filter((id) => values.has(`${type}/${id}`)).map((id) => [id, values.get(`${type}/${id}`)])),
    set: async (data) => {
      for (const [type, entries] of Object.entries(data))
        for (const [id, value] of Object.entries(entries))
          value == null ? values.delete(`${type}/${id}`) : values.set(`${type}/${id}`, value)
    },
    forget: (type) => {
      for (const key of [...values.keys()]) if (key.startsWith(`${type}/`)) values.delete(key)
    },
  }
}

export class BaileysClient {
  constructor(simulator, { name = 'Baileys', history = false } = {}) {
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(simulator.noiseRoot, 'hex')
    this.simulator = simulator
    this.name = name
    this.history = history
    this.memory = memoryKeys()
    this.auth = { creds: initAuthCreds(), keys: this.memory }
    this.sent = new Map()
    this.inbox = []
    this.updates = []
    this.closes = []
    this.waiters = []
  }

  /** On a folder, as gateways run it: what is there is gone on with. */
  static async inFolder(simulator, folder, options) {
    const client = new BaileysClient(simulator, options)
    const { state, saveCreds } = await useMultiFileAuthState(folder)
    client.auth = state
    client.saveCreds = saveCreds
    return client
  }

  changed() {
    this.waiters = this.waiters.filter((waiter) => !waiter())
  }

  /** Resolves with the first truthy value of `look`; rejects after `ms`. */
  wait(what, look, ms = 10000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.name}: no ${what} within ${ms} ms`)), ms)
      const attempt = () => {
        const value = look()
        if (!value) return false
        clearTimeout(timer)
        resolve(value)
        return true
      }
      if (!attempt()) this.waiters.push(attempt)
    })
  }

  /** A new socket on the same credentials. */
  connect() {
    this.open = false
    this.qr = undefined
    const sock = makeWASocket({
      waWebSocketUrl: this.simulator.url,
      auth: this.auth,
      version: [2, 3000, 1043857760],
      browser: Browsers.ubuntu('Chrome'),
      countryCode: 'BR',
      logger: silent,
      syncFullHistory: false,
      shouldSyncHistoryMessage: () => this.history,
      appStateMacVerification: { patch: true, snapshot: true },
      defaultQueryTimeoutMs: 5000,
      getMessage: async (key) => this.sent.get(key.id),
    })
    this.sock = sock
    sock.ev.on('creds.update', (update) => {
      Object.assign(this.auth.creds, update)
      this.saveCreds?.()
    })
    sock.ev.on('connection.update', (update) => {
      if (sock !== this.sock) return
      if (update.qr) this.qr = update.qr
      if (update.connection === 'open') this.open = true
      if (update.connection === 'close') {
        this.open = false
        this.closes.push(update.lastDisconnect?.error?.output?.statusCode)
      }
      this.changed()
    })
    sock.ev.on('messages.upsert', ({ messages, type }) => {
      for (const message of messages) this.inbox.push({ ...message, upsert: type })
      this.changed()
    })
    sock.ev.on('messages.update', (updates) => {
      this.updates.push(...updates)
      this.changed()
    })
    return this
  }

  /** Shows a QR, lets the phone scan it, comes back after the 515 and waits until it is logged in. */
  async pair(phone) {
    this.connect()
    const qr = await this.wait('QR', () => this.qr)
    await this.simulator.post(`phones/${phone.id}/scan`, { qr })
    await this.wait('close 515', () => this.closes.includes(515))
    await this.login()
  }

  /** The same by the eight characters that the phone's owner types. */
  async pairByCode(phone) {
    this.connect()
    await this.wait('QR', () => this.qr)
    const code = await this.sock.requestPairingCode(phone.number)
    await this.simulator.post(`phones/${phone.id}/code`, { code })
    await this.wait('close 515', () => this.closes.includes(515))
    await this.login()
  }

  async login() {
    this.connect()
    await this.wait('open', () => this.open)
    return this
  }

  /** As if its files of that type had been lost. Only for credentials in memory. */
  forget(type) { this.memory.forget(type) }

  get jid() { return this.auth.creds.me.id }

  async send(to, text, options = {}) {
    const message = await this.sock.sendMessage(to, { text }, options)
    this.sent.set(message.key.id, message.message)
    return message.key.id
  }

  /** A message with that text from somebody else. */
  text(text, ms) {
    return this.wait(`message "${text}"`, () => this.inbox.find((message) => !message.key.fromMe && textOf(message) === text), ms)
  }

  stop() { this.sock?.end(undefined) }
}

export function textOf(message) {
  const content = message.message
  return content?.conversation ?? content?.extendedTextMessage?.text
}
