// The worker and Baileys talk 1:1 through wa-sim: two clients that nobody wrote for each other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../e2e/processes.mjs'
import { onStage } from '../e2e/stage.mjs'
import { BaileysClient, silenceLibsignal } from './lib/baileys_client.mjs'

silenceLibsignal()
const PATIENCE = 30_000

/** The worker's message to the Baileys account arrives, and is marked sent. */
async function workerSays(stage, id, peer, text, to = peer.phone.number) {
  const message = await stage.edge.send(id, to, text)
  await peer.client.text(text, PATIENCE)
  return until(`'${text}' to be marked sent`, async () => {
    const now = await stage.edge.state(id, message.id)
    assert.notEqual(now.state, 'failed', now.error)
    return now.state === 'sent' && now
  })
}

/** The Baileys account's message to the worker's arrives at the edge, once. */
async function baileysSays(stage, id, peer, to, text) {
  await peer.client.send(to, text)
  return until(`'${text}' at the edge`, async () => {
    const found = (await stage.edge.inbound(id)).filter((message) => message.body === text)
    assert.ok(found.length <= 1, `'${text}' arrived ${found.length} times`)
    return found[0]
  })
}

async function baileys(stage, name) {
  const phone = await stage.simulator.phone({ name })
  const client = new BaileysClient(stage.simulator, { name })
  await client.pair(phone)
  return { phone, client }
}

async function settled(stage, id) {
  const messages = await stage.edge.inbound(id)
  const bodies = messages.map((message) => message.body)
  assert.equal(new Set(bodies).size, bodies.length, `something arrived twice: ${bodies}`)
  await stage.assertNoViolations()
}

test('the worker writes first; then a conversation both ways', () =>
  onStage('interop-worker-first', async (stage) => {
    await stage.worker()
    const phone = await stage.pair('shop', { name: 'Shop' })
    const peer = await baileys(stage, 'Peer')
    try {
      await workerSays(stage, 'shop', peer, 'hello from the worker')
      for (let i = 0; i < 10; ++i) {
        await baileysSays(stage, 'shop', peer, phone.pn, `question ${i}`)
        await workerSays(stage, 'shop', peer, `answer ${i}`)
      }
      await settled(stage, 'shop')
    } finally {
      peer.client.stop()
    }
  }))

test('Baileys writes first, by phone number; the worker answers, also by LID', () =>
  onStage('interop-baileys-first', async (stage) => {
    await stage.worker()
    const phone = await stage.pair('shop', { name: 'Shop' })
    const peer = await baileys(stage, 'Peer')
    try {
      const first = await baileysSays(stage, 'shop', peer, phone.pn, 'hello from Baileys')
      assert.equal(first.from_me, false)
      await workerSays(stage, 'shop', peer, 'an answer')
      await workerSays(stage, 'shop', peer, 'an answer by LID', peer.phone.lid)
      await baileysSays(stage, 'shop', peer, phone.pn, 'and on')
      await settled(stage, 'shop')
    } finally {
      peer.client.stop()
    }
  }))

test('both write at once, before either knows the other', () =>
  onStage('interop-crossing', async (stage) => {
    await stage.worker()
    const phone = await stage.pair('shop', { name: 'Shop' })
    const peer = await baileys(stage, 'Peer')
    try {
      await Promise.all([
        workerSays(stage, 'shop', peer, 'crossing from the worker'),
        baileysSays(stage, 'shop', peer, phone.pn, 'crossing from Baileys'),
      ])
      for (let i = 0; i < 5; ++i) {
        await workerSays(stage, 'shop', peer, `then ${i}`)
        await baileysSays(stage, 'shop', peer, phone.pn, `reply ${i}`)
      }
      await settled(stage, 'shop')
    } finally {
      peer.client.stop()
    }
  }))

test('restarts in between: ours, with messages waiting, and Baileys’', () =>
  onStage('interop-restarts', async (stage) => {
    let worker = await stage.worker()
    const phone = await stage.pair('shop', { name: 'Shop' })
    const peer = await baileys(stage, 'Peer')
    try {
      await workerSays(stage, 'shop', peer, 'before any restart')
      await baileysSays(stage, 'shop', peer, phone.pn, 'before, too')

      await worker.stop()
      for (let i = 0; i < 3; ++i) await peer.client.send(phone.pn, `waiting ${i}`)
      const queued = await stage.edge.send('shop', peer.phone.number, 'queued while away')
      worker = await stage.worker()
      for (let i = 0; i < 3; ++i)
        await until(`'waiting ${i}'`, async () =>
          (await stage.edge.inbound('shop')).some((message) => message.body === `waiting ${i}`))
      await peer.client.text('queued while away', PATIENCE)
      await until('it to be marked', async () => (await stage.edge.state('shop', queued.id)).state === 'sent')

      peer.client.stop()
      await stage.edge.send('shop', peer.phone.number, 'while Baileys was away')
      await peer.client.login()
      await peer.client.text('while Baileys was away', PATIENCE)
      await baileysSays(stage, 'shop', peer, phone.pn, 'after all restarts')
      await workerSays(stage, 'shop', peer, 'the end')
      await settled(stage, 'shop')
    } finally {
      peer.client.stop()
    }
  }))

test('kill -9 in the middle of a conversation with Baileys loses and doubles nothing', () =>
  onStage('interop-kill', async (stage) => {
    const env = { INSTANCE_LOCK_TTL_MS: '5000' }
    let worker = await stage.worker({ env })
    const phone = await stage.pair('shop', { name: 'Shop' })
    const peer = await baileys(stage, 'Peer')
    try {
      await workerSays(stage, 'shop', peer, 'warm')
      await baileysSays(stage, 'shop', peer, phone.pn, 'up')
      const out = []
      for (let round = 0; round < 3; ++round) {
        for (let i = 0; i < 5; ++i) {
          out.push(`out ${round}.${i}`)
          await stage.edge.send('shop', peer.phone.number, `out ${round}.${i}`)
          await peer.client.send(phone.pn, `in ${round}.${i}`)
        }
        await worker.kill()
        worker = await stage.worker({ env, label: `worker ${round + 1}` })
      }
      for (const text of out) await peer.client.text(text, 60_000)
      for (let round = 0; round < 3; ++round)
        for (let i = 0; i < 5; ++i)
          await until(`'in ${round}.${i}'`, async () =>
            (await stage.edge.inbound('shop')).some((message) => message.body === `in ${round}.${i}`))
      const heard = peer.client.inbox.filter((message) => !message.key.fromMe && message.message)
      for (const text of out) {
        const ids = heard
          .filter((m) => (m.message.conversation ?? m.message.extendedTextMessage?.text) === text)
          .map((m) => m.key.id)
        assert.equal(new Set(ids).size, 1, `'${text}' came under ${ids.length} ids`)
      }
      await settled(stage, 'shop')
    } finally {
      peer.client.stop()
    }
  }))
