// What is no chat message, between a Baileys account and simulated people, through wa-sim: presence, typing, calls,
// profiles, blocks, tokens, status, channels, restrictions, pushes. Ends with 0 when Baileys understands all of it.
import assert from 'node:assert/strict'
import { BaileysClient, silenceLibsignal, textOf } from './lib/baileys_client.mjs'
import { Simulator } from './lib/simulator.mjs'

silenceLibsignal()
const simulator = await Simulator.start({ seed: 9 })
const steps = []
const step = async (name, run) => {
  const began = Date.now()
  await run()
  steps.push(name)
  process.stdout.write(`ok   ${name} (${Date.now() - began} ms)\n`)
}

const client = new BaileysClient(simulator, { name: 'Ann' })
client.events = []
function listen() {
  for (const name of ['presence.update', 'call', 'blocklist.update', 'messages.reaction'])
    client.sock.ev.on(name, (data) => {
      client.events.push({ name, data })
      client.changed()
    })
}
const event = (name, matches) => client.wait(name, () => client.events.find((each) => each.name === name && matches(each.data)))
const seen = (person, query) => simulator.get(`contacts/${person.id}/stanzas?${new URLSearchParams({ min: 1, wait_ms: 5000, ...query })}`)
const iqKinds = async () => (await simulator.get(`devices/${client.jid}`)).iq_kinds

try {
  const phone = await simulator.post('phones', { name: 'Ann' })
  const ben = await simulator.post('contacts', { name: 'Ben' })
  const say = (verb, body) => simulator.post(`contacts/${ben.id}/${verb}`, body)
  await client.pair(phone)
  client.auth.creds.me.name = 'Ann'
  listen()

  await step('presence and typing go both ways', async () => {
    await say('send', { to: phone.pn, text: 'hello' })
    await client.text('hello')
    await client.sock.sendPresenceUpdate('available')
    await client.sock.presenceSubscribe(ben.lid)
    await event('presence.update', (data) => data.presences[ben.lid]?.lastKnownPresence === 'unavailable')
    await say('presence', { type: 'available' })
    await event('presence.update', (data) => data.presences[ben.lid]?.lastKnownPresence === 'available')
    await say('typing', { to: phone.lid, state: 'recording' })
    await event('presence.update', (data) => data.presences[ben.lid]?.lastKnownPresence === 'recording')
    await client.sock.sendPresenceUpdate('composing', ben.lid)
    await seen(ben, { tag: 'chatstate' })
  })

  await step('a call rings and is rejected', async () => {
    const { call_id: id } = await say('call', { to: phone.lid, video: true })
    await event('call', (calls) => calls.some((call) => call.id === id && call.status === 'offer' && call.isVideo))
    await client.sock.rejectCall(id, ben.lid)
    const [reject] = await seen(ben, { tag: 'call' })
    assert.equal(reject.content[0].tag, 'reject')
    await say('call', { to: phone.lid, signal: 'terminate', call_id: id })
    await event('call', (calls) => calls.some((call) => call.id === id && ['terminate', 'timeout'].includes(call.status)))
    assert.equal((await simulator.get(`devices/${client.jid}`)).queued, 0)
  })

  await step('about, picture and business profile are found', async () => {
    await say('profile', { about: 'at the sea', business: 'Ben & Co', picture: Buffer.from('jpeg').toString('base64') })
    const [{ status }] = await client.sock.fetchStatus(ben.lid)
    assert.equal(status.status, 'at the sea')
    assert.match(await client.sock.profilePictureUrl(ben.lid), /^https:/)
    assert.equal((await client.sock.getBusinessProfile(ben.lid)).description, 'Ben & Co')
    await client.sock.updateProfileStatus('reading')
    await seen(ben, { tag: 'notification', type: 'status' })
  })

  await step('who is blocked is not heard', async () => {
    await client.sock.updateBlockStatus(ben.lid, 'block')
    assert.deepEqual(await client.sock.fetchBlocklist(), [ben.lid])
    await say('send', { to: phone.lid, text: 'do you hear me?' })
    await client.sock.updateBlockStatus(ben.lid, 'unblock')
    await say('send', { to: phone.lid, text: 'and now?' })
    await client.text('and now?')
    assert.ok(!client.inbox.some((message) => textOf(message) === 'do you hear me?'))
  })

  await step('reactions, edits and revokes arrive', async () => {
    const id = await client.send(ben.lid, 'react to this')
    await simulator.received(ben, { text: 'react to this' })
    await say('react', { to: phone.lid, target: id, emoji: '👍' })
    await client.wait('reaction', () => client.inbox.find((message) => message.message?.reactionMessage?.text === '👍'))
    const { id: own } = await say('send', { to: phone.lid, text: 'with a tpyo' })
    await client.text('with a tpyo')
    await say('edit', { to: phone.lid, target: own, text: 'with a typo' })
    await client.wait('edit', () => client.updates.find((update) => update.key.id === own && update.update.message?.editedMessage))
    await say('revoke', { to: phone.lid, target: own })
    await client.wait('revoke', () => client.updates.find((update) => update.key.id === own && update.update.message === null))
  })

  await step('a status comes in and goes out', async () => {
    await say('status', { text: 'a fine day', audience: [phone.lid] })
    const status = await client.text('a fine day')
    assert.equal(status.key.remoteJid, 'status@broadcast')
    await client.sock.sendMessage('status@broadcast', { text: 'a rainy day' }, { statusJidList: [ben.lid] })
    await simulator.received(ben, { text: 'a rainy day', chat: 'status@broadcast' })
  })

  await step('a channel is followed, read and reacted to; another is made and posted in', async () => {
    const channel = await simulator.post('channels', { owner: ben.pn, name: 'News' })
    const found = await client.sock.newsletterMetadata('invite', channel.invite)
    assert.equal(found.id, channel.jid)
    await client.sock.newsletterFollow(channel.jid)
    await say('send', { to: channel.jid, text: 'it has happened' })
    await client.text('it has happened')
    await client.sock.newsletterReactMessage(channel.jid, '1', '🎉')
    const history = await client.sock.newsletterFetchMessages(channel.jid, 10)
    assert.match(JSON.stringify(history), /"code":"🎉"/)
    const own = await client.sock.newsletterCreate('Mine', 'about me')
    await client.sock.sendMessage(own.id, { text: 'first post' })
  })

  await step('a stranger is refused without a token', async () => {
    await simulator.post('policy', { strangers: 'need_token' })
    const cara = await simulator.post('contacts', { name: 'Cara' })
    const before = (await iqKinds())['privacy/set/tokens'] ?? 0
    await client.send(cara.lid, 'we do not know each other')
    // It gives the stranger a token of its own both after sending and after the 463.
    for (let i = 0; i < 50 && ((await iqKinds())['privacy/set/tokens'] ?? 0) < before + 2; i++)
      await new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal((await iqKinds())['privacy/set/tokens'], before + 2)
    assert.deepEqual(await simulator.get(`contacts/${cara.id}/received`), [])
    await simulator.post('token', { from: cara.pn, to: phone.pn })
    await new Promise((resolve) => setTimeout(resolve, 200))
    await client.send(cara.lid, 'with a token')
    await simulator.received(cara, { text: 'with a token' })
    await simulator.post('policy', { strangers: 'welcome' })
  })

  await step('dirty groups are asked for and cleaned; faults answer as told', async () => {
    await simulator.post('dirty', { to: client.jid, types: ['groups'] })
    await new Promise((resolve) => setTimeout(resolve, 200))
    const kinds = await iqKinds()
    assert.equal(kinds['w:g2/get/participating'], 1)
    assert.equal(kinds['urn:xmpp:whatsapp:dirty/set/clean'], 1)
    await simulator.post(`devices/${client.jid}/fault`, { kind: 'iq_error', code: 429, text: 'w:g2/get/query', delay_ms: 5000 })
    await assert.rejects(client.sock.groupMetadata('120363000000000001@g.us'), /injected/)
  })

  await step('every type of notification is acked', async () => {
    await simulator.post(`devices/${client.jid}/record`, { limit: 200 })
    const pushes = [
      ['registration', [{ tag: 'device_logout', attrs: { id: '1' } }]], ['business', [{ tag: 'profile', attrs: { hash: 'x' } }]],
      ['disappearing_mode', [{ tag: 'disappearing_mode', attrs: { duration: 86400, t: 1 } }]], ['psa', []], ['tomorrow', []],
      ['contacts', [{ tag: 'update', attrs: { jid: ben.lid } }]], ['server', []],
    ]
    for (const [type, content] of pushes)
      await simulator.post('push', { to: client.jid, stanza: { tag: 'notification', attrs: { type, from: ben.lid }, content } })
    await simulator.post('timelock', { to: phone.pn, seconds: 60 })
    await simulator.post('capping', { to: phone.pn })
    await simulator.post(`contacts/${ben.id}/change-lid`)
    const acks = await simulator.get(`devices/${client.jid}/stanzas?tag=ack&min=${pushes.length + 3}&wait_ms=5000`)
    assert.ok(acks.length >= pushes.length + 3, `${acks.length} acks`)
    assert.equal((await simulator.get(`devices/${client.jid}`)).queued, 0)
  })

  await step('the server has seen no violation', async () => {
    const stats = await simulator.get('stats')
    assert.deepEqual(stats.violations, [])
    assert.equal(stats.malformed, 0)
  })
} catch (error) {
  process.stdout.write(`FAIL after "${steps.at(-1) ?? 'start'}": ${error.stack}\n`)
  process.stdout.write(`${JSON.stringify(await simulator.get('stats').catch(() => 'no stats'))}\n`)
  process.exitCode = 1
}

client.stop()
const { code } = await simulator.stop()
if (code !== 0) process.exitCode = 1
process.exit()
