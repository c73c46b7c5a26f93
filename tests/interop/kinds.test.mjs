// Every kind that needs no file, between the worker and Baileys, both ways: what one says the other understands.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decryptPollVote, getAggregateVotesInPollMessage, jidNormalizedUser, proto } from '@whiskeysockets/baileys'
import { until } from '../e2e/processes.mjs'
import { onStage } from '../e2e/stage.mjs'
import { BaileysClient, silenceLibsignal } from './lib/baileys_client.mjs'

silenceLibsignal()
const PATIENCE = 30_000

async function baileys(stage, name) {
  const phone = await stage.simulator.phone({ name })
  const client = new BaileysClient(stage.simulator, { name })
  await client.pair(phone)
  return { phone, client }
}

/** What Baileys got from the worker under that WhatsApp id, wrappers taken off. */
async function heard(peer, waId) {
  const message = await peer.client.wait(
    `message ${waId}`, () => peer.client.inbox.find((m) => m.key.id === waId && m.message), PATIENCE)
  const content = message.message
  return { ...message, content: content.documentWithCaptionMessage?.message ?? content.ephemeralMessage?.message ?? content }
}

/** Queues a message and waits until WhatsApp has it: its row at the edge, with wa_id. */
async function workerSends(stage, peer, body, more = {}) {
  const message = await stage.edge.send('shop', peer.phone.number, body, more)
  return until(`${more.type ?? 'text'} to be marked sent`, async () => {
    const now = await stage.edge.state('shop', message.id)
    assert.notEqual(now.state, 'failed', `${now.error_code} ${now.error}`)
    return now.state === 'sent' && now
  })
}

/** Baileys sends; the edge hears it under the same id. */
async function baileysSends(stage, peer, to, content, options = {}) {
  const sent = await peer.client.sock.sendMessage(to, content, options)
  peer.client.sent.set(sent.key.id, sent.message)
  const arrived = await until(`${Object.keys(content)} at the edge`, async () =>
    (await stage.edge.inbound('shop')).find((message) => message.wa_message_id === sent.key.id))
  return { sent, arrived, details: arrived.details }
}

function onConversation(name, play) {
  return onStage(name, async (stage) => {
    await stage.worker()
    const shop = await stage.pair('shop', { name: 'Shop' })
    const peer = await baileys(stage, 'Peer')
    try {
      await heard(peer, (await workerSends(stage, peer, 'hello')).wa_message_id)
      const first = await baileysSends(stage, peer, shop.pn, { text: 'hi' })
      await play(stage, shop, peer, first)
      await stage.assertNoViolations()
    } finally {
      peer.client.stop()
    }
  })
}

test('quotes, mentions and given link previews', () =>
  onConversation('interop-kinds-text', async (stage, shop, peer, first) => {
    const answer = await workerSends(stage, peer, `@${peer.phone.number} an answer`, {
      quoted: { id: first.sent.key.id, sender: peer.phone.pn, body: 'hi' },
      mentions: [peer.phone.pn],
    })
    const got = (await heard(peer, answer.wa_message_id)).content.extendedTextMessage
    assert.equal(got.contextInfo.stanzaId, first.sent.key.id)
    assert.equal(got.contextInfo.quotedMessage.conversation, 'hi')
    assert.equal(got.contextInfo.mentionedJid.length, 1)
    assert.ok(got.text.includes(`@${got.contextInfo.mentionedJid[0].split('@')[0]}`), got.text)

    const link = await workerSends(stage, peer, 'see https://example.org', {
      link_preview: { url: 'https://example.org', title: 'Example' },
    })
    assert.equal((await heard(peer, link.wa_message_id)).content.extendedTextMessage.title, 'Example')

    const quoted = peer.client.inbox.find((m) => m.key.id === answer.wa_message_id)
    const { details } = await baileysSends(
      stage, peer, shop.pn, { text: `@${shop.number} really?`, mentions: [shop.pn] }, { quoted })
    assert.equal(details.context.quoted_id, answer.wa_message_id)
    assert.deepEqual(details.context.mentions, [shop.pn])
  }))

test('locations and contacts', () =>
  onConversation('interop-kinds-things', async (stage, shop, peer) => {
    const place = await workerSends(stage, peer, '', { type: 'location', location: { latitude: -23.5, longitude: -46.6, name: 'Office' } })
    const location = (await heard(peer, place.wa_message_id)).content.locationMessage
    assert.equal(location.degreesLatitude, -23.5)
    assert.equal(location.name, 'Office')
    const card = await workerSends(stage, peer, '', { type: 'contact', contact: { display_name: 'Ann', phone: '+1 555 000 9999' } })
    assert.match((await heard(peer, card.wa_message_id)).content.contactMessage.vcard, /waid=15550009999/)

    const back = await baileysSends(stage, peer, shop.pn, { location: { degreesLatitude: 1.25, degreesLongitude: 2.5, name: 'Here' } })
    assert.equal(back.arrived.kind, 'location')
    assert.equal(back.details.location.latitude, 1.25)
    assert.equal(back.arrived.body, 'Here')
    const vcard = 'BEGIN:VCARD\nVERSION:3.0\nFN:Bob\nTEL;waid=15550008888:+1 555 000 8888\nEND:VCARD'
    const contacts = await baileysSends(stage, peer, shop.pn, { contacts: { displayName: 'Two', contacts: [{ vcard, displayName: 'Bob' }, { vcard, displayName: 'Bob again' }] } })
    assert.equal(contacts.arrived.kind, 'contact')
    assert.equal(contacts.details.contacts.length, 2)
    assert.deepEqual(contacts.details.contacts[0].phones, ['+1 555 000 8888'])
  }))

test('reactions, edits and revocations', () =>
  onConversation('interop-kinds-about', async (stage, shop, peer, first) => {
    const like = await workerSends(stage, peer, '', { type: 'reaction', reaction: { target_id: first.sent.key.id, emoji: '👍' } })
    const reaction = (await heard(peer, like.wa_message_id)).content.reactionMessage
    assert.equal(reaction.text, '👍')
    assert.equal(reaction.key.id, first.sent.key.id)

    const text = await workerSends(stage, peer, 'with a misteak')
    const original = await heard(peer, text.wa_message_id)
    const edit = await workerSends(stage, peer, 'without a mistake', { type: 'edit', edit: { target_id: text.wa_message_id } })
    const updated = await peer.client.wait('edit', () =>
      peer.client.updates.find((update) => update.key.id === text.wa_message_id && update.update.message?.editedMessage), PATIENCE)
    const edited = updated.update.message.editedMessage.message
    assert.equal(edited.conversation ?? edited.extendedTextMessage?.text, 'without a mistake')
    assert.notEqual(edit.wa_message_id, text.wa_message_id)

    await workerSends(stage, peer, '', { type: 'revoke', revoke: { target_id: text.wa_message_id } })
    await peer.client.wait('revocation', () =>
      peer.client.updates.find((update) => update.key.id === text.wa_message_id && update.update.message === null), PATIENCE)

    const liked = await baileysSends(stage, peer, shop.pn, { react: { text: '❤️', key: original.key } })
    assert.equal(liked.arrived.kind, 'reaction')
    assert.deepEqual([liked.details.reaction.emoji, liked.details.reaction.target_id, liked.details.reaction.target_from_me], ['❤️', text.wa_message_id, true])
    const better = await baileysSends(stage, peer, shop.pn, { text: 'hi there', edit: first.sent.key })
    assert.equal(better.arrived.kind, 'edit')
    assert.equal(better.arrived.body, 'hi there')
    assert.equal(better.details.edit_of, first.sent.key.id)
    const gone = await baileysSends(stage, peer, shop.pn, { delete: first.sent.key })
    assert.equal(gone.arrived.kind, 'revoke')
    assert.equal(gone.details.revoke_of, first.sent.key.id)
  }))

test('polls, with votes that both sides can read', () =>
  onConversation('interop-kinds-polls', async (stage, shop, peer) => {
    const theirs = await baileysSends(stage, peer, shop.pn, { poll: { name: 'Lunch?', values: ['Pizza', 'Soup'], selectableCount: 1 } })
    assert.equal(theirs.arrived.kind, 'poll')
    assert.deepEqual(theirs.details.poll.options, ['Pizza', 'Soup'])
    const cast = await workerSends(stage, peer, '', { type: 'poll_vote', poll_vote: { poll_id: theirs.sent.key.id, options: ['Soup'] } })
    const { vote: sealed } = (await heard(peer, cast.wa_message_id)).content.pollUpdateMessage
    const opened = openedVote(sealed, theirs.sent, peer, shop)
    const votes = getAggregateVotesInPollMessage({
      message: theirs.sent.message,
      pollUpdates: [{ pollUpdateMessageKey: { remoteJid: shop.pn, fromMe: false, id: cast.wa_message_id }, vote: opened }],
    })
    assert.deepEqual(votes.filter((option) => option.voters.length > 0).map((option) => option.name), ['Soup'])

    const ours = await workerSends(stage, peer, '', { type: 'poll', poll: { name: 'Tea?', options: ['Yes', 'No'], selectable_count: 1 } })
    const poll = await heard(peer, ours.wa_message_id)
    assert.equal(poll.content.pollCreationMessageV3.name, 'Tea?')
    await stageVote(peer, poll, shop, 'Yes')
    const vote = await until('the vote at the edge', async () =>
      (await stage.edge.inbound('shop')).find((message) => message.kind === 'poll_vote'))
    assert.deepEqual(vote.details.poll_vote.options, ['Yes'])
    assert.equal(vote.details.poll_vote.target_id, ours.wa_message_id)
    assert.equal(vote.details.poll_vote.target_from_me, true)
  }))

/** Baileys leaves it to its user to open votes, with its own function, under the addresses he knows. */
function openedVote(vote, poll, peer, shop) {
  const own = [peer.client.auth.creds.me.id, peer.client.auth.creds.me.lid].map(jidNormalizedUser)
  for (const pollCreatorJid of own)
    for (const voterJid of [shop.pn, shop.lid])
      try {
        return decryptPollVote(vote, {
          pollCreatorJid, voterJid, pollMsgId: poll.key.id, pollEncKey: poll.message.messageContextInfo.messageSecret })
      } catch { /* another pair */ }
  return assert.fail('the vote opens under no pair of addresses')
}

/** Baileys reads votes but has no call that casts one: sealed here the way it opens them. */
async function stageVote(peer, poll, shop, option) {
  const { createCipheriv, createHash, createHmac, randomBytes } = await import('node:crypto')
  const secret = Buffer.from(poll.message.messageContextInfo.messageSecret)
  const author = jidNormalizedUser(poll.key.remoteJid)
  const own = author.endsWith('@lid') ? peer.client.auth.creds.me.lid : peer.client.auth.creds.me.id
  const voter = jidNormalizedUser(own)
  const zero = createHmac('sha256', Buffer.alloc(32)).update(secret).digest()
  const info = Buffer.concat([Buffer.from(poll.key.id), Buffer.from(author), Buffer.from(voter), Buffer.from('Poll Vote'), Buffer.from([1])])
  const key = createHmac('sha256', zero).update(info).digest()
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(`${poll.key.id}\0${voter}`))
  const plain = proto.Message.PollVoteMessage.encode({ selectedOptions: [createHash('sha256').update(option).digest()] }).finish()
  const encPayload = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  await peer.client.sock.relayMessage(poll.key.remoteJid, {
    pollUpdateMessage: {
      pollCreationMessageKey: { remoteJid: poll.key.remoteJid, fromMe: false, id: poll.key.id },
      vote: { encPayload, encIv: iv },
      senderTimestampMs: Date.now(),
    },
  }, {})
}

test('a chat whose messages disappear', () =>
  onConversation('interop-kinds-disappearing', async (stage, shop, peer) => {
    const setting = await baileysSends(stage, peer, shop.pn, { disappearingMessagesInChat: 86400 })
    assert.equal(setting.arrived.kind, 'ephemeral_setting')
    const obeyed = await workerSends(stage, peer, 'gone tomorrow')
    assert.equal((await heard(peer, obeyed.wa_message_id)).content.extendedTextMessage.contextInfo.expiration, 86400)
  }))
