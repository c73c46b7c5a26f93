// The stage of an end-to-end test: one simulator, one edge, and as many workers as the test starts.
import { randomBytes } from 'node:crypto'
import { Desk, PATIENCE_MS, freePort, json, until } from './processes.mjs'

export class Simulator {
  static async start(desk, args = []) {
    const simulator = new Simulator()
    simulator.program = desk.start('wa-sim', ['--seed', '11', ...args])
    const ready = JSON.parse(await simulator.program.line(/"ready":true/))
    Object.assign(simulator, { url: ready.url, control: ready.control, noiseRoot: ready.noise_root })
    return simulator
  }

  post(path, body = {}) {
    return json('POST', `${this.control}/control/${path}`, body)
  }
  get(path) {
    return json('GET', `${this.control}/control/${path}`)
  }
  phone(options = {}) {
    return this.post('phones', options)
  }
  contact(options = {}) {
    return this.post('contacts', options)
  }
  /** What a person decrypted, once there are `min` entries that fit the query. */
  async received(kind, id, min, query = '') {
    const list = await this.get(`${kind}/${id}/received?min=${min}&wait_ms=${PATIENCE_MS}${query}`)
    if (list.length < min) throw new Error(`${id} received ${list.length} of ${min} messages (${query})`)
    return list
  }
  fault(device, fault) {
    return this.post(`devices/${encodeURIComponent(device)}/fault`, fault)
  }
  /** The companion device of a phone, once it is logged in and takes its queue. */
  async activeDevice(phone, patience) {
    return until(
      `${phone.id}'s companion to be active`,
      async () => (await this.get(`devices?account=${phone.number}`)).find((device) => device.link === 'active'),
      patience,
    )
  }
}

export class Edge {
  constructor(desk, port) {
    this.desk = desk
    this.port = port
    this.base = `http://127.0.0.1:${port}`
    this.secret = randomBytes(16).toString('hex')
    this.key = randomBytes(16).toString('hex')
  }
  static async start(desk) {
    const edge = new Edge(desk, await freePort())
    await edge.up()
    return edge
  }
  async up() {
    this.program = this.desk.start('wa-edge', [], {
      EDGE_PORT: String(this.port),
      EDGE_BIND: '127.0.0.1',
      EDGE_DATA: this.desk.path('edge'),
      EDGE_API_KEY: this.key,
      WORKER_SECRET: this.secret,
    })
    await until('the edge to answer', () => this.get('instances'))
  }
  get(path) {
    return json('GET', `${this.base}/v1/${path}`, undefined, { authorization: `Bearer ${this.key}` })
  }
  post(path, body) {
    return json('POST', `${this.base}/v1/${path}`, body, { authorization: `Bearer ${this.key}` })
  }
  async instance(id) {
    return (await this.post('instances', { id, name: id })).id
  }
  status(id) {
    return this.get(`instances/${id}`)
  }
  waitFor(id, what, test, patience) {
    return until(`${id} ${what}`, async () => {
      const status = await this.status(id)
      return test(status) && status
    }, patience)
  }
  send(id, to, body, more = {}) {
    return this.post(`instances/${id}/messages`, { to, body, ...more })
  }
  /** All messages of an instance, oldest first. */
  async messages(id) {
    const all = []
    let cursor = ''
    for (;;) {
      const page = await this.get(`instances/${id}/messages?order=asc&limit=200${cursor}`)
      all.push(...page.data)
      if (page.data.length < 200) return all
      cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`
    }
  }
  async inbound(id) {
    return (await this.messages(id)).filter((message) => message.direction === 'in')
  }
  async state(id, messageId) {
    return (await this.messages(id)).find((message) => message.id === messageId)
  }
}

export class Stage {
  static async set(name, options = {}) {
    const stage = new Stage()
    stage.desk = new Desk(name)
    stage.simulator = await Simulator.start(stage.desk, options.simulator)
    stage.edge = await Edge.start(stage.desk)
    return stage
  }

  /** Starts a worker; its data folder is shared by workers of the same `data` name. */
  async worker({ env = {}, data = 'worker', label = 'worker', ready = true } = {}) {
    const port = await freePort()
    const worker = this.desk.start('wa-worker', [], {
      PORT: String(port),
      EDGE_BASE_URL: this.edge.base,
      WORKER_SECRET: this.edge.secret,
      AUTH_BASE: this.desk.path(data, 'auth'),
      MEDIA_BASE: this.desk.path(data, 'media'),
      WA_SOCKET_URL: this.simulator.url,
      WA_NOISE_ROOT: this.simulator.noiseRoot,
      WA_VERSION: '2.3000.1045649367',
      DISCOVERY_POLL_MS: '500',
      QUEUE_POLL_MS: '100',
      SHARDS: '2',
      LOG_LEVEL: 'debug',
      ...env,
    }, label)
    worker.port = port
    if (ready) await until(`${label} to be ready`, () => json('GET', `http://127.0.0.1:${port}/ready`))
    return worker
  }

  /** Links an instance to a phone of its own by the QR that the edge was told. */
  async pair(id, options = {}) {
    const phone = await this.simulator.phone(options)
    await this.edge.instance(id)
    await this.scan(id, phone)
    await this.edge.waitFor(id, 'to be connected', (status) => status.status === 'CONNECTED')
    return phone
  }
  async scan(id, phone) {
    const { qr } = await this.edge.waitFor(id, 'to show a QR', (status) => status.qr)
    await this.simulator.post(`phones/${phone.id}/scan`, { qr })
  }

  /** Each of these texts reached each device of the contact exactly once. */
  async assertHeardOnce(contact, texts) {
    const heard = await this.simulator.get(`contacts/${contact.id}/received`)
    for (let device = 0; device < contact.devices; ++device) {
      for (const text of texts) {
        const times = heard.filter((message) => message.device === device && message.text === text).length
        if (times !== 1) throw new Error(`device ${device} of ${contact.id} has '${text}' ${times} times`)
      }
    }
  }
  async assertNoViolations() {
    const violations = await this.simulator.get('violations')
    if (violations.length > 0) throw new Error(`protocol violations: ${JSON.stringify(violations.slice(0, 5))}`)
  }

  async strike() {
    await this.desk.close()
  }
}

/** Runs `play(stage)`; a failure is told with what the programs said last. */
export async function onStage(name, play, options) {
  const stage = await Stage.set(name, options)
  try {
    await play(stage)
  } catch (error) {
    error.message += `\n${stage.desk.story()}`
    throw error
  } finally {
    await stage.strike()
  }
}
