// Groups between two Baileys accounts and simulated people, through wa-sim: made, talked in, changed, left.
// Ends with 0 when nobody asked for a retry and the server has no complaint.
import assert from 'node:assert/strict'
import { BaileysClient, silenceLibsignal, textOf } from './lib/baileys_client.mjs'
import { Simulator } from './lib/simulator.mjs'

silenceLibsignal()
const simulator = await Simulator.start({ seed: 7 })
const steps = []
const step = async (name, run) => {
  const began = Date.now()
  await run()
  steps.push(name)
  process.stdout.write(`ok   ${name} (${Date.now() - began} ms)\n`)
}

/** The notice of a change that Baileys shows as an event. */
function listen(client) {
  client.events = []
  for (const name of ['groups.upsert', 'groups.update', 'group-participants.update', 'group.join-request', 'presence.update', 'call', 'messages.reaction'])
    client.sock.ev.on(name, (data) => {
      client.events.push({ name, data })
      client.changed()
    })
}
const event = (client, name, matches) =>
  client.wait(name, () => client.events.find((each) => each.name === name && matches(each.data)))

const clients = []
async function baileys(name) {
  const phone = await simulator.post('phones', { name })
  const client = new BaileysClient(simulator, { name })
  await client.pair(phone)
  listen(client)
  clients.push(client)
  return { phone, client }
}

/** Both accounts write, each reads the other, and so does the person. */
async function conversation(group, ann, ben, person, word) {
  for (let i = 0; i < 4; i++) {
    await ann.client.send(group, `${word} from ann ${i}`)
    await ben.client.text(`${word} from ann ${i}`)
    await ben.client.send(group, `${word} from ben ${i}`)
    await ann.client.text(`${word} from ben ${i}`)
    await simulator.post(`contacts/${person.id}/send`, { to: group, text: `${word} from person ${i}` })
    await ann.client.text(`${word} from person ${i}`)
    await ben.client.text(`${word} from person ${i}`)
  }
  for (const who of ['ann', 'ben'])
    for (let i = 0; i < 4; i++)
      assert.equal((await simulator.received(person, { chat: group, text: `${word} from ${who} ${i}`, min: 2 })).length, 2)
}

try {
  const ann = await baileys('Ann')
  const ben = await baileys('Ben')
  const carl = await simulator.post('contacts', { name: 'Carl', devices: 2 })
  const dora = await simulator.post('contacts', { name: 'Dora' })
  let group

  await step('Baileys makes a group with another account and a person', async () => {
    const metadata = await ann.client.sock.groupCreate('Team', [ben.phone.pn, carl.pn])
    group = metadata.id
    assert.equal(metadata.addressingMode, 'lid')
    assert.equal(metadata.participants.length, 3)
    await event(ben.client, 'groups.upsert', (groups) => groups.some((each) => each.id === group))
    const shown = await simulator.get(`groups/${group}`)
    assert.deepEqual(shown.members.map((member) => member.role), ['superadmin', 'member', 'member'])
  })

  await step('all talk in the LID-addressed group', () => conversation(group, ann, ben, carl, 'lid'))

  await step('the same in a group addressed by phone numbers', async () => {
    const made = await simulator.post('groups', {
      subject: 'By number', addressing: 'pn', participants: [ann.phone.pn, ben.phone.pn, carl.pn] })
    await conversation(made.jid, ann, ben, carl, 'pn')
  })

  await step('a member that is added reads and is read', async () => {
    const results = await ann.client.sock.groupParticipantsUpdate(group, [dora.pn], 'add')
    assert.deepEqual(results.map((result) => result.status), ['200'])
    await event(ben.client, 'group-participants.update', (data) => data.action === 'add')
    await ann.client.send(group, 'welcome')
    await simulator.received(dora, { text: 'welcome', chat: group })
    await simulator.post(`contacts/${dora.id}/send`, { to: group, text: 'thanks' })
    await ben.client.text('thanks')
  })

  await step('a removed member reads no more', async () => {
    await ann.client.sock.groupParticipantsUpdate(group, [dora.lid], 'remove')
    await event(ben.client, 'group-participants.update', (data) => data.action === 'remove')
    await simulator.post(`contacts/${carl.id}/send`, { to: group, text: 'without dora' })
    await ben.client.text('without dora')
    assert.equal((await simulator.get(`contacts/${dora.id}/received?text=without+dora`)).length, 0)
    await assert.rejects(simulator.post(`groups/${group}/add`, { by: dora.pn, participants: [dora.pn] }))
  })

  await step('subject, description and settings go to all', async () => {
    await ann.client.sock.groupUpdateSubject(group, 'Renamed')
    await event(ben.client, 'groups.update', (updates) => updates.some((update) => update.subject === 'Renamed'))
    await ann.client.sock.groupUpdateDescription(group, 'What it is about')
    // Of several updates that come at once Baileys announces the first only: one after the other.
    await event(ben.client, 'groups.update', (updates) => updates.some((update) => update.desc === 'What it is about'))
    await ann.client.sock.groupSettingUpdate(group, 'announcement')
    await event(ben.client, 'groups.update', (updates) => updates.some((update) => update.announce === true))
    await ann.client.sock.groupToggleEphemeral(group, 86400)
    const metadata = await ben.client.sock.groupMetadata(group)
    assert.equal(metadata.desc, 'What it is about')
    assert.equal(metadata.announce, true)
    assert.equal(metadata.ephemeralDuration, 86400)
    await ann.client.sock.groupSettingUpdate(group, 'not_announcement')
  })

  await step('a person joins by the link; another after approval', async () => {
    const code = await ann.client.sock.groupInviteCode(group)
    assert.equal(code, (await simulator.get(`groups/${group}`)).invite_code)
    const eve = await simulator.post('contacts', { name: 'Eve' })
    await simulator.post(`groups/${group}/join`, { by: eve.pn })
    await event(ann.client, 'group-participants.update', (data) => data.participants.some((each) => (each.id ?? each) === eve.lid))
    await ann.client.sock.groupJoinApprovalMode(group, 'on')
    const fay = await simulator.post('contacts', { name: 'Fay' })
    await simulator.post(`groups/${group}/join`, { by: fay.pn })
    const requests = await ann.client.sock.groupRequestParticipantsList(group)
    assert.equal(requests.length, 1)
    await ann.client.sock.groupRequestParticipantsUpdate(group, [requests[0].jid], 'approve')
    assert.ok((await simulator.get(`groups/${group}`)).members.some((member) => member.pn === fay.pn))
  })

  await step('the other account joins by link and leaves', async () => {
    const made = await simulator.post('groups', { subject: 'Open', participants: [carl.pn] })
    const { invite_code: code } = await simulator.get(`groups/${made.jid}`)
    assert.equal((await ben.client.sock.groupGetInviteInfo(code)).subject, 'Open')
    assert.equal(await ben.client.sock.groupAcceptInvite(code), made.jid)
    await ben.client.send(made.jid, 'I am in')
    await simulator.received(carl, { text: 'I am in', min: 2 })
    await ben.client.sock.groupLeave(made.jid)
    assert.equal((await simulator.get(`groups/${made.jid}`)).members.length, 1)
  })

  await step('all groups are listed', async () => {
    const all = await ann.client.sock.groupFetchAllParticipating()
    assert.equal(Object.keys(all).length, 2)
  })

  await step('the group changes its addressing, and the talk goes on', async () => {
    await simulator.post(`groups/${group}/addressing`, { mode: 'pn' })
    await ann.client.send(group, 'by number now')
    await ben.client.text('by number now')
  })

  await step('a member that could not read gets the message again', async () => {
    const before = (await simulator.get('stats')).retry_receipts
    assert.equal(before, 0)
    await simulator.post(`contacts/${carl.id}/ask-retry`, { count: 1 })
    await ann.client.send(group, 'once more')
    await simulator.received(carl, { text: 'once more', min: 2 })
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

for (const each of clients) each?.stop()
const { code } = await simulator.stop()
if (code !== 0) process.exitCode = 1
process.exit()
