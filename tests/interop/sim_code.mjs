// Baileys is linked by code: a wrong one first, then the right one; then it is removed and the number is linked
// again. Ends with 0 when all of it holds.
import assert from 'node:assert/strict'
import { BaileysClient, silenceLibsignal } from './lib/baileys_client.mjs'
import { Simulator } from './lib/simulator.mjs'

silenceLibsignal()
const simulator = await Simulator.start({ seed: 45 })
const step = async (name, run) => {
  const began = Date.now()
  await run()
  process.stdout.write(`ok   ${name} (${Date.now() - began} ms)\n`)
}
let client
try {
  const phone = await simulator.post('phones', { name: 'Owner' })
  client = new BaileysClient(simulator)
  await step('a wrong code does not link, the right one afterwards does', async () => {
    client.connect()
    await client.wait('QR', () => client.qr)
    const code = await client.sock.requestPairingCode(phone.number)
    const wrong = code === 'AAAAAAAA' ? 'BBBBBBBB' : 'AAAAAAAA'
    await simulator.post(`phones/${phone.id}/code`, { code: wrong })
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.deepEqual((await simulator.get(`phones/${phone.id}`)).companions, [])
    await simulator.post(`phones/${phone.id}/code`, { code })
    await client.wait('close 515', () => client.closes.includes(515))
    await client.login()
    assert.deepEqual((await simulator.get(`phones/${phone.id}`)).companions, [client.jid])
  })
  await step('it logs out, and the number is linked again', async () => {
    await client.sock.logout()
    assert.deepEqual((await simulator.get(`phones/${phone.id}`)).companions, [])
    client = new BaileysClient(simulator)
    await client.pairByCode(phone)
    assert.equal(client.jid.includes(':2@'), true)
  })
  await step('the server has seen no violation', async () => {
    assert.deepEqual((await simulator.get('stats')).violations, [])
  })
} catch (error) {
  process.stdout.write(`FAIL ${error.stack}\n`)
  process.exitCode = 1
}
client?.stop()
if ((await simulator.stop()).code !== 0) process.exitCode = 1
process.exit()
