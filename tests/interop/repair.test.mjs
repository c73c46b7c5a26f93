// A session that one side lost is repaired by retry receipts, without anybody noticing but the server. And what
// becomes of a message is told: delivered, read.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../e2e/processes.mjs'
import { onStage } from '../e2e/stage.mjs'
import { BaileysClient, silenceLibsignal } from './lib/baileys_client.mjs'

silenceLibsignal()
const PATIENCE = 30_000

async function arrives(stage, id, text) {
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

/** The files of accounts below a folder. */
function databases(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name.startsWith('.') ? [] : databases(path)
    return entry.name === 'device.db' ? [path] : []
  })
}

test('R2: Baileys lost its sessions; the worker sends again, and the talk goes on', () =>
  onStage('interop-repair-theirs', async (stage) => {
    await stage.worker()
    const phone = await stage.pair('shop', { name: 'Shop' })
    const peer = await baileys(stage, 'Peer')
    try {
      await stage.edge.send('shop', peer.phone.number, 'before')
      await peer.client.text('before', PATIENCE)
      await peer.client.send(phone.pn, 'before, too')
      await arrives(stage, 'shop', 'before, too')

      peer.client.forget('session')
      await stage.edge.send('shop', peer.phone.number, 'unreadable at first')
      await peer.client.text('unreadable at first', PATIENCE)
      await stage.edge.send('shop', peer.phone.number, 'and on')
      await peer.client.text('and on', PATIENCE)
      await peer.client.send(phone.pn, 'an answer')
      await arrives(stage, 'shop', 'an answer')
      await stage.assertNoViolations()
    } finally {
      peer.client.stop()
    }
  }))

test('S13: the worker lost its sessions; Baileys sends again, and the talk goes on', () =>
  onStage('interop-repair-ours', async (stage) => {
    const worker = await stage.worker()
    const phone = await stage.pair('shop', { name: 'Shop' })
    const peer = await baileys(stage, 'Peer')
    try {
      await stage.edge.send('shop', peer.phone.number, 'before')
      await peer.client.text('before', PATIENCE)
      await peer.client.send(phone.pn, 'before, too')
      await arrives(stage, 'shop', 'before, too')

      await worker.stop()
      const files = databases(stage.desk.path('.'))
      assert.ok(files.length > 0, 'no account file was found')
      for (const file of files) execFileSync('sqlite3', [file, 'DELETE FROM session'])
      await stage.worker()
      await peer.client.send(phone.pn, 'unreadable at first')
      await arrives(stage, 'shop', 'unreadable at first')
      await peer.client.send(phone.pn, 'and on')
      await arrives(stage, 'shop', 'and on')
      await stage.edge.send('shop', peer.phone.number, 'an answer')
      await peer.client.text('an answer', PATIENCE)
      await stage.assertNoViolations()
    } finally {
      peer.client.stop()
    }
  }))

test('the receipts of Baileys are told: taken by the server, delivered, read', () =>
  onStage('interop-receipts', async (stage) => {
    await stage.worker()
    await stage.pair('shop', { name: 'Shop' })
    const peer = await baileys(stage, 'Peer')
    try {
      await stage.edge.send('shop', peer.phone.number, 'read me')
      const message = await peer.client.text('read me', PATIENCE)
      await peer.client.sock.readMessages([message.key])
      for (const word of ['server', 'delivered', 'read'])
        await until(`'${word}' to be told`, async () => {
          const { data: events } = await stage.edge.get('instances/shop/events?limit=200')
          return events.some(({ data }) => data?.wa_message_id === message.key.id && data.status === word)
        })
      await stage.assertNoViolations()
    } finally {
      peer.client.stop()
    }
  }))
