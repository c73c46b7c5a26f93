// Baileys and wa-sim's media hosts: trust in their test authority, and the way there for what Baileys asks of
// mmg.whatsapp.net, whatever media_conn says.
import https from 'node:https'
import { Readable } from 'node:stream'

/** For `fetchAgent` of makeWASocket: uploads. */
export const uploadAgent = (authority) => new https.Agent({ ca: authority, keepAlive: true })

const original = globalThis.fetch

/** Downloads go through the global fetch: those from media hosts are answered by `hosts[0]` from now on. */
export function redirectDownloads({ media_ca: authority, media_hosts: hosts }) {
  const agent = new https.Agent({ ca: authority, keepAlive: true })
  globalThis.fetch = async (input, init = {}) => {
    const url = new URL(typeof input === 'string' ? input : input.url ?? input)
    if (url.protocol !== 'https:') return original(input, init)
    if (url.hostname.endsWith('whatsapp.net')) url.host = hosts[0]
    return new Promise((resolve, reject) => {
      const headers = Object.fromEntries(new Headers(init.headers ?? {}))
      const request = https.request(url, { method: init.method ?? 'GET', headers, agent }, (answer) => {
        const body = answer.statusCode === 204 ? null : Readable.toWeb(answer)
        resolve(new Response(body, { status: answer.statusCode, headers: answer.headers }))
      })
      request.on('error', reject)
      request.end(init.body)
    })
  }
}
