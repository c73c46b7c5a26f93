// Baileys against wa-sim's media hosts: files of every kind both ways. Ends with 0 when all of it holds.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { downloadMediaMessage } from '@whiskeysockets/baileys'
import { BaileysClient, silenceLibsignal } from './lib/baileys_client.mjs'
import { redirectDownloads } from './lib/media_hosts.mjs'
import { Simulator } from './lib/simulator.mjs'

silenceLibsignal()
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
const simulator = await Simulator.start({ seed: 43 })
const info = await simulator.get('info')
redirectDownloads(info)
// Baileys uploads through the default agent unless it is given one.
const https = (await import('node:https')).default
https.globalAgent.options.ca = info.media_ca

const step = async (name, run) => {
  const began = Date.now()
  await run()
  process.stdout.write(`ok   ${name} (${Date.now() - began} ms)\n`)
}
let client
try {
  const phone = await simulator.post('phones', { name: 'Owner' })
  const contact = await simulator.post('contacts', { name: 'Friend' })
  client = new BaileysClient(simulator)
  await step('pairs', () => client.pair(phone))

  const sends = {
    image: (bytes) => ({ image: bytes, caption: 'a picture', jpegThumbnail: randomBytes(50).toString('base64') }),
    video: (bytes) => ({ video: bytes, caption: 'a film', jpegThumbnail: randomBytes(50).toString('base64') }),
    audio: (bytes) => ({ audio: bytes, mimetype: 'audio/mp4', seconds: 3 }),
    ptt: (bytes) => ({ audio: bytes, ptt: true, mimetype: 'audio/ogg; codecs=opus', seconds: 3, waveform: new Uint8Array(64) }),
    document: (bytes) => ({ document: bytes, mimetype: 'application/pdf', fileName: 'paper.pdf' }),
    sticker: (bytes) => ({ sticker: bytes }),
  }
  for (const [kind, content] of Object.entries(sends)) {
    await step(`Baileys sends: ${kind}`, async () => {
      const bytes = randomBytes(70_001)
      const sent = await client.sock.sendMessage(contact.pn, content(bytes))
      const [received] = await simulator.received(contact, { id: sent.key.id })
      assert.equal(received.kind, kind)
      const file = await simulator.get(`contacts/${contact.id}/file?id=${sent.key.id}`)
      assert.equal(file.error, undefined)
      assert.equal(file.kind, kind)
      assert.equal(file.sha256, sha256(bytes))
      assert.equal(file.hash_matches, true)
    })
    await step(`Baileys receives: ${kind}`, async () => {
      const bytes = randomBytes(70_001)
      const sent = await simulator.post(`contacts/${contact.id}/send-file`, {
        to: phone.pn, kind, base64: bytes.toString('base64'), mimetype: 'application/x-test', caption: `caption of ${kind}`, file_name: 'a.bin',
      })
      const message = await client.wait(kind, () => client.inbox.find((each) => each.key.id === sent.id && each.message))
      assert.equal(sha256(await downloadMediaMessage(message, 'buffer', {})), sha256(bytes))
    })
  }
  await step('a host that is down: the next one takes the upload', async () => {
    await simulator.post('media/fault', { kind: 'status', code: 500, host: info.media_hosts[0], on: 'upload' })
    const bytes = randomBytes(5000)
    const sent = await client.sock.sendMessage(contact.pn, { document: bytes, mimetype: 'text/plain', fileName: 'x' })
    await simulator.received(contact, { id: sent.key.id })
    assert.equal((await simulator.get(`contacts/${contact.id}/file?id=${sent.key.id}`)).sha256, sha256(bytes))
    assert.equal((await simulator.get('media')).faults, 1)
  })
  await step('the server has seen no violation', async () => {
    assert.deepEqual((await simulator.get('stats')).violations, [])
    const media = await simulator.get('media')
    assert.equal(media.bad_uploads, 0)
    assert.equal(media.bad_auth, 0)
  })
} catch (error) {
  process.stdout.write(`FAIL ${error.stack}\n${JSON.stringify(await simulator.get('media').catch(() => ''))}\n`)
  process.exitCode = 1
}
client?.stop()
if ((await simulator.stop()).code !== 0) process.exitCode = 1
process.exit()
