// Baileys against wa-sim: pair, log in, first contact from either side, texts both ways, reconnect, offline
// messages, and no complaint of the server. Ends with 0 when all of it holds.
import assert from 'node:assert/strict'
import { BaileysClient, silenceLibsignal, textOf } from './lib/baileys_client.mjs'
import { Simulator } from './lib/simulator.mjs'

silenceLibsignal()
const simulator = await Simulator.start({ seed: 42 })
const steps = []
const step = async (name, run) => {
  const began = Date.now()
  await run()
  steps.push(name)
  process.stdout.write(`ok   ${name} (${Date.now() - began} ms)\n`)
}

let client
let other
let sibling
try {
  const phone = await simulator.post('phones', { name: 'Owner' })
  const early = await simulator.post('contacts', { name: 'Writes first', devices: 2 })
  const late = await simulator.post('contacts', { name: 'Is written to', devices: 2, auto_reply: true })
  client = new BaileysClient(simulator)

  await step('pairs by QR and logs in', async () => {
    await client.pair(phone)
    assert.deepEqual((await simulator.get(`phones/${phone.id}`)).companions, [client.jid])
    const device = await simulator.get(`devices/${client.jid}`)
    assert.equal(device.link, 'active')
    // The phone has taken one to share the keys of app state.
    assert.ok(device.pre_keys >= 811)
  })

  await step('a contact writes first, to the phone number', async () => {
    await simulator.post(`contacts/${early.id}/send`, { to: phone.pn, text: 'hello from outside' })
    const message = await client.text('hello from outside')
    assert.equal(message.key.remoteJid, early.pn)
    assert.equal(message.key.remoteJidAlt, early.lid)
    assert.equal(message.pushName, 'Writes first')
    await simulator.received(phone, { text: 'hello from outside' })
  })

  await step('its answer reaches both devices of the contact and the own phone', async () => {
    await client.send(early.pn, 'answer to early')
    const got = await simulator.received(early, { text: 'answer to early', min: 2 })
    assert.deepEqual(got.map((message) => message.device).sort(), [0, 1])
    const own = await simulator.received(phone, { text: 'answer to early' })
    assert.equal(own[0].own, true)
    assert.equal(own[0].chat, early.pn)
  })

  await step('it writes first to another contact, which answers', async () => {
    const id = await client.send(late.pn, 'ping')
    await simulator.received(late, { text: 'ping', id, min: 2 })
    await client.text('echo: ping')
  })

  await step('receipts come back', async () => {
    const id = await client.send(late.pn, 'was it read?')
    // A receipt that comes before Baileys has announced its own message is merged into it without an event.
    await client.wait('own message', () => client.inbox.some((message) => message.key.id === id))
    await simulator.post(`contacts/${late.id}/read`, { chat: phone.pn })
    await client.wait('read receipt', () => client.updates.some((update) => update.key.id === id && update.update.status >= 4))
  })

  await step('a contact writes to the LID', async () => {
    await simulator.post(`contacts/${late.id}/send`, { to: phone.lid, text: 'by lid' })
    const message = await client.text('by lid')
    assert.equal(message.key.remoteJid, late.lid)
    await client.send(late.lid, 'back by lid')
    await simulator.received(late, { text: 'back by lid', min: 2 })
  })

  await step('a conversation of 40 texts loses and doubles nothing', async () => {
    for (let i = 0; i < 20; i++) {
      await client.send(late.pn, `text ${i}`)
      if (i % 4 === 3) await client.text(`echo: text ${i}`)
    }
    for (let i = 0; i < 20; i++) {
      await client.text(`echo: text ${i}`)
      assert.equal((await simulator.received(late, { text: `text ${i}`, min: 2 })).length, 2)
    }
    assert.equal(client.inbox.filter((message) => textOfEcho(message)).length, 20)
  })

  await step('what is sent while it is away comes when it returns', async () => {
    client.stop()
    await simulator.post(`contacts/${early.id}/send`, { to: phone.pn, text: 'while away 1' })
    await simulator.post(`contacts/${early.id}/send`, { to: phone.pn, text: 'while away 2' })
    await client.login()
    const first = await client.text('while away 1')
    const second = await client.text('while away 2')
    assert.equal(first.upsert, 'append')
    assert.equal(second.upsert, 'append')
    await client.send(early.pn, 'I am back')
    await simulator.received(early, { text: 'I am back', min: 2 })
  })

  await step('a damaged message is asked for again and arrives', async () => {
    await simulator.post(`devices/${client.jid}/fault`, { kind: 'corrupt' })
    await simulator.post(`contacts/${early.id}/send`, { to: phone.pn, text: 'damaged on the way' })
    await client.text('damaged on the way')
  })

  await step('a contact that could not decrypt gets the message again', async () => {
    await simulator.post(`contacts/${early.id}/ask-retry`, { count: 1 })
    await client.send(early.pn, 'please repeat')
    await simulator.received(early, { text: 'please repeat', min: 2 })
  })

  await step('the server drops the socket; the client logs in again', async () => {
    await simulator.post(`devices/${client.jid}/fault`, { kind: 'drop_socket' })
    await client.wait('close 428', () => client.closes.includes(428))
    await client.login()
    await client.send(late.pn, 'after the drop')
    await client.text('echo: after the drop')
  })

  await step('a second Baileys on another phone is linked by code; the two talk to each other', async () => {
    const otherPhone = await simulator.post('phones', { name: 'Other owner' })
    other = new BaileysClient(simulator, { name: 'Other' })
    await other.pairByCode(otherPhone)
    await client.send(otherPhone.pn, 'from one to the other')
    await other.text('from one to the other')
    await other.send(phone.pn, 'and back')
    await client.text('and back')
    await client.send(otherPhone.lid, 'by lid to the other')
    await other.text('by lid to the other')
    assert.equal((await simulator.received(otherPhone, { text: 'from one to the other' })).length, 1)
    assert.equal((await simulator.received(phone, { text: 'and back' })).length, 1)
  })

  await step('two Baileys on the same phone see what the other one sends', async () => {
    sibling = new BaileysClient(simulator, { name: 'Sibling' })
    await sibling.pair(phone)
    await client.send(early.pn, 'seen by the sibling')
    await sibling.wait('own copy', () => sibling.inbox.find((message) => message.key.fromMe && textOf(message) === 'seen by the sibling'))
    await sibling.send(early.pn, 'seen by the first')
    await client.wait('own copy', () => client.inbox.find((message) => message.key.fromMe && textOf(message) === 'seen by the first'))
  })

  await step('a group text goes out to all members and comes in from one', async () => {
    const group = await simulator.post('groups', { subject: 'Team', participants: [phone.pn, early.pn, late.pn] })
    await client.send(group.jid, 'hello group')
    await simulator.received(early, { text: 'hello group', min: 2 })
    await simulator.received(late, { text: 'hello group', min: 2 })
    await simulator.post(`contacts/${early.id}/send`, { to: group.jid, text: 'hello from a member' })
    const message = await client.text('hello from a member')
    assert.equal(message.key.remoteJid, group.jid)
    assert.equal(message.key.participant, early.lid)
  })

  await step('the phone removes the device', async () => {
    await simulator.post(`phones/${phone.id}/remove-device`, { jid: client.jid })
    await client.wait('close 401', () => client.closes.includes(401))
    client.connect()
    await client.wait('second close 401', () => client.closes.filter((code) => code === 401).length === 2)
  })

  await step('the server has seen no violation', async () => {
    const stats = await simulator.get('stats')
    assert.deepEqual(stats.violations, [])
    assert.equal(stats.malformed, 0)
  })
} catch (error) {
  process.stdout.write(`FAIL after "${steps.at(-1) ?? 'start'}": ${error.stack}\n`)
  process.stdout.write(`${JSON.stringify(await simulator.get('stats').catch(() => 'no stats'), null, 1)}\n`)
  process.exitCode = 1
}

function textOfEcho(message) {
  return !message.key.fromMe && /^echo: text \d+$/.test(textOf(message) ?? '')
}

for (const each of [client, other, sibling]) each?.stop()
const { code } = await simulator.stop()
if (code !== 0) process.exitCode = 1
process.exit()
