// Baileys against wa-sim's app state and history: the phone shares its keys, Baileys reads what the phone has
// set, hears of changes, changes settings itself, and takes in history. Ends with 0 when all of it holds.
import assert from 'node:assert/strict'
import { BaileysClient, silenceLibsignal } from './lib/baileys_client.mjs'
import { redirectDownloads } from './lib/media_hosts.mjs'
import { Simulator } from './lib/simulator.mjs'

silenceLibsignal()
const simulator = await Simulator.start({ seed: 44 })
const info = await simulator.get('info')
redirectDownloads(info)

const step = async (name, run) => {
  const began = Date.now()
  await run()
  process.stdout.write(`ok   ${name} (${Date.now() - began} ms)\n`)
}
/** Collects the events of the current socket, which pairing replaces once. */
function watch(client) {
  const connect = client.connect.bind(client)
  client.chatUpdates = []
  client.contactUpdates = []
  client.histories = []
  client.connect = () => {
    connect()
    client.sock.ev.on('chats.update', (updates) => { client.chatUpdates.push(...updates); client.changed() })
    client.sock.ev.on('contacts.upsert', (contacts) => { client.contactUpdates.push(...contacts); client.changed() })
    client.sock.ev.on('messaging-history.set', (history) => { client.histories.push(history); client.changed() })
    return client
  }
  return client
}

let client
try {
  const phone = await simulator.post('phones', { name: 'Owner' })
  const friend = await simulator.post('contacts', { name: 'Friend' })
  const other = await simulator.post('contacts', { name: 'Other' })
  const act = (action) => simulator.post(`phones/${phone.id}/app-state`, action)
  await simulator.post(`phones/${phone.id}/manners`, {
    history: [
      { type: 'INITIAL_BOOTSTRAP', chats: 4, messages_per_chat: 5 },
      { type: 'PUSH_NAME', chats: 4, place: 'external' },
      { type: 'RECENT', chats: 3, messages_per_chat: 20, progress: 100, place: 'external' },
    ],
  })
  await act({ action: 'contact', jid: friend.pn, name: 'My friend', lid: friend.lid })
  client = watch(new BaileysClient(simulator, { history: true }))

  await step('pairs', () => client.pair(phone))
  await step('has got the key of app state', () => client.wait('key', () => client.auth.creds.myAppStateKeyId, 10_000))
  await step('takes in the history: inline and from the media host', async () => {
    await client.wait('bootstrap', () => client.histories.some((each) => each.chats.length >= 4))
    await client.wait('recent', () => client.histories.some((each) => each.messages.length >= 45), 20_000)
    const requests = await simulator.get(`phones/${phone.id}/requests`)
    assert.deepEqual(requests.filter((each) => each.what === 'media_retry'), [])
  })
  await step('reads the snapshots of its first synchronisation', async () => {
    await client.wait('own name', () => client.auth.creds.me.name === 'Owner', 20_000)
    // While history is being taken in, contacts are told with it.
    const contacts = () => [...client.contactUpdates, ...client.histories.flatMap((each) => each.contacts)]
    await client.wait('contact', () => contacts().some((each) => each.name === 'My friend'), 20_000)
  })
  await step('hears of what the phone changes', async () => {
    await act({ action: 'archive', jid: friend.pn })
    await client.wait('archived', () => client.chatUpdates.some((each) => each.id === friend.pn && each.archived === true))
    await act({ action: 'pin', jid: other.pn })
    await client.wait('pinned', () => client.chatUpdates.some((each) => each.id === other.pn && each.pinned))
    await act({ action: 'mute', jid: other.pn, external: true })
    await client.wait('muted', () => client.chatUpdates.some((each) => each.id === other.pn && each.muteEndTime))
  })
  await step('changes a setting itself; the phone can read it', async () => {
    await client.sock.chatModify({ mute: Date.now() + 3_600_000 }, friend.pn)
    const [change] = await simulator.get(`phones/${phone.id}/app-state-changes?min=1&wait_ms=5000`)
    assert.deepEqual(change.index, ['mute', friend.pn])
    assert.equal(change.value.on, true)
  })
  await step('asks for older messages', async () => {
    const before = client.histories.length
    await client.sock.fetchMessageHistory(10, { remoteJid: friend.pn, fromMe: false, id: `HIST${friend.number}-50` }, Math.floor(Date.now() / 1000))
    await client.wait('older messages', () => client.histories.slice(before).some((each) => each.messages.length === 10))
    const [request] = await simulator.get(`phones/${phone.id}/requests?min=1&wait_ms=1000`)
    assert.equal(request.what, 'history')
  })
  await step('the server has seen no violation', async () => {
    const { violations } = await simulator.get('stats')
    assert.deepEqual(violations, [])
  })
} catch (error) {
  process.stdout.write(`FAIL ${error.stack}\n${JSON.stringify(await simulator.get('stats').catch(() => ''))}\n`)
  process.exitCode = 1
}
client?.stop()
if ((await simulator.stop()).code !== 0) process.exitCode = 1
process.exit()
