// An account moves house: Baileys links it and talks, the worker takes its folder over and goes on, and Baileys
// goes on again with what the worker gives back. Nobody scans anything twice, and no contact has to repeat
// itself: not one retry receipt crosses the wire.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { until } from '../e2e/processes.mjs'
import { onStage } from '../e2e/stage.mjs'
import { BaileysClient, silenceLibsignal } from './lib/baileys_client.mjs'

silenceLibsignal()
const PATIENCE = 30_000

async function noRetries(stage) {
  assert.equal((await stage.simulator.get('stats')).retry_receipts, 0, 'somebody had to repeat a message')
  await stage.assertNoViolations()
}

/** Baileys writes its files behind our back: done when nothing has changed for a while. */
async function filesAtRest(folder) {
  const newest = () => Math.max(...readdirSync(folder).map((file) => statSync(`${folder}/${file}`).mtimeMs))
  await until('Baileys to have written its files', () => Date.now() - newest() > 500)
}

function texts(folder) {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  return Object.fromEntries(files.sort().map((file) => [file, readFileSync(`${folder}/${file}`, 'utf8')]))
}

const says = (stage, contact, phone, text) =>
  stage.simulator.post(`contacts/${contact.id}/send`, { to: phone.pn, text })
const hears = (stage, contact, text) =>
  stage.simulator.received('contacts', contact.id, contact.devices ?? 1, `&text=${encodeURIComponent(text)}`)

/** Baileys links the phone in `folder` and talks with both contacts. */
async function firstLife(stage, folder) {
  const phone = await stage.simulator.phone({ name: 'Shop' })
  const wroteFirst = await stage.simulator.contact({ name: 'Writes first', devices: 2 })
  const wasWrittenTo = await stage.simulator.contact({ name: 'Is written to' })
  const client = await BaileysClient.inFolder(stage.simulator, folder, { name: 'Shop' })
  await client.pair(phone)
  await says(stage, wroteFirst, phone, 'hello Baileys')
  await client.text('hello Baileys', PATIENCE)
  await client.send(wroteFirst.pn, 'Baileys answers')
  await hears(stage, wroteFirst, 'Baileys answers')
  // Left unanswered: the session still repeats how it began.
  await client.send(wasWrittenTo.pn, 'Baileys asks')
  await hears(stage, wasWrittenTo, 'Baileys asks')
  client.stop()
  await filesAtRest(folder)
  return { phone, contacts: [wroteFirst, wasWrittenTo] }
}

async function workerGoesOn(stage, { phone, contacts }, about) {
  for (const [i, contact] of contacts.entries()) {
    const message = await stage.edge.send('shop', contact.number, `worker ${about} ${i}`)
    await hears(stage, contact, `worker ${about} ${i}`)
    await until('it to be marked', async () => (await stage.edge.state('shop', message.id)).state === 'sent')
    await says(stage, contact, phone, `contact ${about} ${i}`)
    await until(`'contact ${about} ${i}' at the edge`, async () =>
      (await stage.edge.inbound('shop')).some((message) => message.body === `contact ${about} ${i}`))
  }
}

const connected = (stage) => stage.edge.waitFor('shop', 'to be connected', (status) => status.status === 'CONNECTED')

test('the worker finds a Baileys folder in the place of an instance and goes on with it', () =>
  onStage('takeover-at-start', async (stage) => {
    const folder = stage.desk.path('worker', 'auth', 'shop')
    const life = await firstLife(stage, folder)
    const before = texts(folder)
    // Written while nobody was there.
    for (const [i, contact] of life.contacts.entries()) await says(stage, contact, life.phone, `meanwhile ${i}`)

    await stage.edge.instance('shop')
    let worker = await stage.worker({ ready: false })
    await connected(stage)
    assert.deepEqual(texts(folder), before, 'the Baileys files are touched')
    for (const i of [0, 1])
      await until(`'meanwhile ${i}' at the edge`, async () =>
        (await stage.edge.inbound('shop')).some((message) => message.body === `meanwhile ${i}`))
    await workerGoesOn(stage, life, 'first')
    await worker.stop()
    worker = await stage.worker()
    await workerGoesOn(stage, life, 'second')
    assert.deepEqual((await stage.simulator.get(`phones/${life.phone.id}`)).companions.length, 1)
    await noRetries(stage)
  }))

test('there and back: import-baileys, the worker, export-baileys, Baileys', () =>
  onStage('takeover-there-and-back', async (stage) => {
    const folder = stage.desk.path('baileys')
    const life = await firstLife(stage, folder)
    const env = { AUTH_BASE: stage.desk.path('worker', 'auth') }
    const early = stage.desk.start('wa-worker', ['import-baileys', folder, '--instance', 'shop'], env, 'too early')
    assert.equal((await early.exited).code, 1)
    assert.match(early.lines.join('\n'), /was written less than 10 s ago/)
    const imported = stage.desk.start(
      'wa-worker', ['import-baileys', folder, '--instance', 'shop', '--even-if-recent'], env, 'import')
    assert.equal((await imported.exited).code, 0, imported.tail())

    await stage.edge.instance('shop')
    const worker = await stage.worker()
    await connected(stage)
    await workerGoesOn(stage, life, 'in between')
    await worker.stop()

    const back = stage.desk.path('back')
    const exported = stage.desk.start('wa-worker', ['export-baileys', 'shop', back], env, 'export')
    assert.equal((await exported.exited).code, 0, exported.tail())
    assert.ok(!existsSync(stage.desk.path('worker', 'auth', 'shop', 'device.db')), 'both own the account')

    for (const [i, contact] of life.contacts.entries()) await says(stage, contact, life.phone, `back soon ${i}`)
    const client = await BaileysClient.inFolder(stage.simulator, back, { name: 'Shop again' })
    try {
      await client.login()
      for (const [i, contact] of life.contacts.entries()) {
        await client.text(`back soon ${i}`, PATIENCE)
        await client.send(contact.pn, `Baileys again ${i}`)
        await hears(stage, contact, `Baileys again ${i}`)
        await says(stage, contact, life.phone, `welcome back ${i}`)
        await client.text(`welcome back ${i}`, PATIENCE)
      }
      await noRetries(stage)
    } finally {
      client.stop()
    }
  }))
