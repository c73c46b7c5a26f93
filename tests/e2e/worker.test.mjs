// The worker end to end: real processes, the simulator as WhatsApp, wa-edge as the edge.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { BIN, Program, json, until } from './processes.mjs'
import { onStage } from './stage.mjs'

const all = (texts) => (messages) => texts.every((text) => messages.some((message) => message.body === text))

/** Waits until the edge has these texts from the instance's chats, and returns all it has. */
async function arrived(stage, id, texts) {
  return until(`${texts.length} texts at the edge`, async () => {
    const messages = await stage.edge.inbound(id)
    return all(texts)(messages) && messages
  })
}
async function sent(stage, id, message) {
  return until(`${message.id} to be marked sent`, async () => {
    const now = await stage.edge.state(id, message.id)
    if (now.state === 'failed') throw new Error(`marked failed: ${now.error}`)
    return now.state === 'sent' && now
  })
}

test('an account pairs by QR, sends, receives, restarts and goes on', () =>
  onStage('pair', async (stage) => {
    let worker = await stage.worker()
    const phone = await stage.pair('shop')
    const status = await stage.edge.status('shop')
    assert.ok(status.jid.startsWith(`${phone.number}:`), status.jid)
    assert.equal(status.qr_code, null)

    const contact = await stage.simulator.contact({ devices: 2, auto_reply: true })
    const message = await stage.edge.send('shop', contact.number, 'first')
    const marked = await sent(stage, 'shop', message)
    assert.match(marked.wa_message_id, /^3EB0[0-9A-F]{18}$/)
    await stage.simulator.received('contacts', contact.id, 2, '&text=first')
    await stage.simulator.received('phones', phone.id, 1, '&text=first')
    await arrived(stage, 'shop', ['echo: first'])

    await stage.simulator.post(`contacts/${contact.id}/send`, { to: phone.pn, text: 'hello shop' })
    const [inbound] = (await arrived(stage, 'shop', ['hello shop'])).filter((m) => m.body === 'hello shop')
    assert.equal(inbound.from_me, false)

    assert.deepEqual(await worker.stop(), { code: 0, signal: null })
    assert.equal((await stage.edge.status('shop')).status, 'DISCONNECTED')
    await stage.simulator.post(`contacts/${contact.id}/send`, { to: phone.pn, text: 'while you slept' })
    worker = await stage.worker()
    await arrived(stage, 'shop', ['while you slept'])
    await sent(stage, 'shop', await stage.edge.send('shop', contact.number, 'back again'))
    await stage.simulator.received('contacts', contact.id, 2, '&text=back%20again')
    await stage.assertHeardOnce({ ...contact, devices: 2 }, ['first', 'back again'])
    await stage.assertNoViolations()

    const folder = stage.desk.path('worker', 'auth', 'shop')
    assert.equal(statSync(folder).mode & 0o777, 0o700)
    for (const file of readdirSync(folder)) assert.equal(statSync(`${folder}/${file}`).mode & 0o077, 0, file)
  }))

test('what the own phone sends arrives as from_me, and our own sends reach the phone', () =>
  onStage('dsm', async (stage) => {
    await stage.worker()
    const phone = await stage.pair('shop')
    const contact = await stage.simulator.contact()
    await stage.simulator.post(`phones/${phone.id}/send`, { to: contact.pn, text: 'typed on the phone' })
    const [copy] = (await arrived(stage, 'shop', ['typed on the phone'])).filter((m) => m.body === 'typed on the phone')
    assert.equal(copy.from_me, true)
    await stage.assertNoViolations()
  }))

test('many messages each way keep their order per chat and arrive once', () =>
  onStage('order', async (stage) => {
    await stage.worker()
    const phone = await stage.pair('shop')
    const contacts = await Promise.all([1, 2, 3].map(() => stage.simulator.contact({ devices: 2 })))
    const texts = Array.from({ length: 30 }, (_, i) => `number ${i}`)
    for (const text of texts)
      for (const contact of contacts) await stage.edge.send('shop', contact.number, text)
    await Promise.all(contacts.map((c) =>
      stage.simulator.post(`contacts/${c.id}/send`, { to: phone.pn, text: `from ${c.number}`, count: 30 })))
    for (const contact of contacts) {
      for (const text of texts)
        await stage.simulator.received('contacts', contact.id, 2, `&text=${encodeURIComponent(text)}`)
      const heard = (await stage.simulator.get(`contacts/${contact.id}/received`)).filter((m) => !m.own)
      for (const device of [0, 1])
        assert.deepEqual(heard.filter((m) => m.device === device).map((m) => m.text), texts)
      const wanted = texts.map((_, i) => `from ${contact.number} ${i}`)
      const got = await arrived(stage, 'shop', wanted)
      assert.deepEqual(got.filter((m) => m.body.startsWith(`from ${contact.number} `)).map((m) => m.body), wanted)
    }
    await stage.assertNoViolations()
  }))

test('two workers want one account: one gets the lock, the other takes over when it goes', () =>
  onStage('lock', async (stage) => {
    const first = await stage.worker({ label: 'first', data: 'shared', env: { WORKER_ID: 'first' } })
    const phone = await stage.pair('shop')
    const second = await stage.worker({ label: 'second', data: 'shared', env: { WORKER_ID: 'second' } })
    await second.line(/lock_conflict/)
    assert.equal((await stage.simulator.get(`devices?account=${phone.number}&active=1`)).length, 1)
    assert.deepEqual(await first.stop(), { code: 0, signal: null })
    await second.line(/connected/)
    await stage.edge.waitFor('shop', 'to be connected', (status) => status.status === 'CONNECTED')
    const contact = await stage.simulator.contact()
    await sent(stage, 'shop', await stage.edge.send('shop', contact.number, 'from the second'))
    await stage.assertNoViolations()
  }))

test('an edge that is away loses nothing: what was said meanwhile arrives when it is back', () =>
  onStage('edge-down', async (stage) => {
    const worker = await stage.worker({ env: { INSTANCE_LOCK_TTL_MS: '60000' } })
    const phone = await stage.pair('shop')
    const contact = await stage.simulator.contact()
    await stage.edge.program.kill()
    await stage.simulator.post(`contacts/${contact.id}/send`, { to: phone.pn, text: 'unheard', count: 20 })
    // The worker has taken them in: the server has nothing left to deliver.
    await until('the messages to be acked', async () =>
      (await stage.simulator.activeDevice(phone)).queued === 0)
    await stage.edge.up()
    const wanted = Array.from({ length: 20 }, (_, i) => `unheard ${i}`)
    const got = (await arrived(stage, 'shop', wanted)).filter((m) => m.body.startsWith('unheard'))
    assert.deepEqual(got.map((m) => m.body), wanted)
    await sent(stage, 'shop', await stage.edge.send('shop', contact.number, 'still here'))
    assert.equal(worker.ended, undefined)
    await stage.assertNoViolations()
  }))

test('an edge away for longer than a lock lives: the worker fences itself, and comes back by itself', () =>
  onStage('fence', async (stage) => {
    const worker = await stage.worker({ env: { INSTANCE_LOCK_TTL_MS: '5000' } })
    const phone = await stage.pair('shop')
    const contact = await stage.simulator.contact()
    await stage.edge.program.kill()
    await worker.line(/lock_not_renewed/)
    await until('the socket to be closed', async () =>
      (await stage.simulator.get(`devices?account=${phone.number}&active=1`)).length === 0)
    await stage.simulator.post(`contacts/${contact.id}/send`, { to: phone.pn, text: 'meanwhile', count: 5 })
    await stage.edge.up()
    await arrived(stage, 'shop', Array.from({ length: 5 }, (_, i) => `meanwhile ${i}`))
    await stage.edge.waitFor('shop', 'to be connected', (status) => status.status === 'CONNECTED')
    await sent(stage, 'shop', await stage.edge.send('shop', contact.number, 'back'))
    await stage.assertNoViolations()
  }))

test('unlinked by the phone: the auth state is put aside, a new QR follows, another phone may scan it', () =>
  onStage('unlink', async (stage) => {
    await stage.worker()
    const phone = await stage.pair('shop')
    const device = await stage.simulator.activeDevice(phone)
    await stage.simulator.post(`phones/${phone.id}/remove-device`, { jid: device.jid })
    const second = await stage.simulator.phone()
    await stage.edge.waitFor('shop', 'to show a new QR', (status) => status.qr)
    const kept = readdirSync(stage.desk.path('worker', 'auth', '.quarantine'))
    assert.equal(kept.length, 1)
    assert.match(kept[0], /^shop-\d+$/)
    await stage.scan('shop', second)
    const status = await stage.edge.waitFor('shop', 'to be connected', (s) => s.status === 'CONNECTED')
    assert.ok(status.jid.startsWith(`${second.number}:`))
  }))

test('a login refused with 401 is a logout; a stream error 515 is not', () =>
  onStage('ends', async (stage) => {
    const worker = await stage.worker()
    const phone = await stage.pair('shop')
    let device = await stage.simulator.activeDevice(phone)
    const logins = device.logins
    await stage.simulator.fault(device.jid, { kind: 'stream_error', code: 515 })
    device = await until('a login after the 515', async () => {
      const now = (await stage.simulator.get(`devices?account=${phone.number}`))[0]
      return now.logins > logins && now.link === 'active' && now
    })
    assert.equal(existsSync(stage.desk.path('worker', 'auth', '.quarantine')), false)

    await stage.simulator.fault(device.jid, { kind: 'fail_login', code: 401 })
    await stage.simulator.fault(device.jid, { kind: 'drop_socket' })
    await stage.edge.waitFor('shop', 'to show a new QR', (status) => status.qr)
    assert.equal(readdirSync(stage.desk.path('worker', 'auth', '.quarantine')).length, 1)
    assert.equal(worker.ended, undefined)
  }))

test('replaced by another connection: it stands still and says so', () =>
  onStage('replaced', async (stage) => {
    await stage.worker()
    const phone = await stage.pair('shop')
    const device = await stage.simulator.activeDevice(phone)
    await stage.simulator.fault(device.jid, { kind: 'stream_error', text: 'replaced' })
    const status = await stage.edge.waitFor('shop', 'to be told', (s) => s.status === 'DISCONNECTED' && s.reason)
    assert.equal(status.reason, 'replaced')
    assert.ok(Date.parse(status.next_retry_at) - Date.now() > 10 * 60_000)
  }))

test('queued messages that cannot be sent are marked failed with their word', () =>
  onStage('failed', async (stage) => {
    await stage.worker()
    await stage.pair('shop')
    const cases = [
      ['nobody@nowhere', 'invalid_destination'],
      ['5511000000000', 'not_on_whatsapp'],
      ['999999999999999@lid', 'lid_without_mapping'],
    ]
    for (const [to, word] of cases) {
      const message = await stage.edge.send('shop', to, 'x')
      const failed = await until(`${to} to fail`, async () => {
        const now = await stage.edge.state('shop', message.id)
        return now.state === 'failed' && now
      })
      assert.equal(failed.error_code ?? failed.error, word, to)
    }
  }))

test('kill -9 at twenty random points loses nothing and doubles nothing', { timeout: 400_000 }, () =>
  onStage('kill', async (stage) => {
    let worker = await stage.worker({ env: { INSTANCE_LOCK_TTL_MS: '5000' } })
    const phone = await stage.pair('shop')
    const contact = await stage.simulator.contact({ devices: 2 })
    const out = []
    const into = []
    for (let round = 0; round < 20; ++round) {
      for (let i = 0; i < 5; ++i) {
        const text = `out ${round}.${i}`
        out.push(await stage.edge.send('shop', contact.number, text).then((m) => ({ ...m, text })))
        into.push(`in ${round}.${i}`)
        await stage.simulator.post(`contacts/${contact.id}/send`, { to: phone.pn, text: `in ${round}.${i}` })
      }
      // A random moment in the life of these messages, from before the first to after the last.
      await new Promise((next) => setTimeout(next, Math.random() * 400))
      await worker.kill()
      worker = await stage.worker({ env: { INSTANCE_LOCK_TTL_MS: '5000' }, label: `worker ${round + 1}` })
    }
    for (const message of out) await sent(stage, 'shop', message)
    const got = (await arrived(stage, 'shop', into)).filter((m) => m.body.startsWith('in '))
    assert.deepEqual(got.map((m) => m.body), into)
    for (const message of out)
      await stage.simulator.received('contacts', contact.id, 2, `&text=${encodeURIComponent(message.text)}`)
    await stage.assertHeardOnce({ ...contact, devices: 2 }, out.map((message) => message.text))
    await stage.assertNoViolations()
  }))

test('the probes answer: /health, /ready, /metrics, healthcheck', () =>
  onStage('probes', async (stage) => {
    const worker = await stage.worker()
    await stage.pair('shop')
    const base = `http://127.0.0.1:${worker.port}`
    assert.equal(await (await fetch(`${base}/health`)).text(), 'ok')
    const ready = await json('GET', `${base}/ready`)
    assert.equal(ready.edge, 'ok')
    await until('the instance to be counted', async () =>
      (await json('GET', `${base}/ready`)).instances.connected === 1)
    const metrics = await (await fetch(`${base}/metrics`)).text()
    for (const name of ['wa_instances{state="connected"} 1', 'wa_edge_request_seconds', 'process_resident_memory_bytes'])
      assert.ok(metrics.includes(name), name)
    const probe = new Program('wa-worker', ['healthcheck'], { PORT: String(worker.port) })
    assert.equal((await probe.exited).code, 0)
    const refused = new Program('wa-worker', ['healthcheck'], { PORT: '1' })
    assert.equal((await refused.exited).code, 1)
  }))

test('wrong settings: one clear line each, exit code 78, no secret shown', async () => {
  const worker = new Program('wa-worker', ['--check-config'], {
    EDGE_BASE_URL: 'ftp://x',
    WORKER_SECRET: 'a secret with spaces',
    INSTANCE_LOCK_TTL_MS: '500',
    SHARDS: 'many',
  })
  assert.equal((await worker.exited).code, 78)
  const text = worker.lines.join('\n')
  assert.match(text, /EDGE_BASE_URL=ftp:\/\/x: must be an http/)
  assert.match(text, /INSTANCE_LOCK_TTL_MS=500: must be between 5000 and 600000 \(milliseconds\)/)
  assert.match(text, /SHARDS=many: must be/)
  assert.match(text, /WORKER_SECRET=\(secret\)/)
  assert.doesNotMatch(text, /a secret with spaces/)
  assert.ok(BIN)
})
