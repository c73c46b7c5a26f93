// Memory of the worker with N connected, idle accounts (plain WebSocket to wa-sim, release build):
//   ./dev bench fleet-idle [N]        default 1000
// Links N accounts, restarts the worker so that it comes up with N stored accounts as after a deploy, waits
// until all are connected and have been idle for a while, and divides the resident memory by N, once with and
// once without what the process takes before its first account. Exits 0 only if the aim is held.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { json, until } from '../tests/e2e/processes.mjs'
import { Stage } from '../tests/e2e/stage.mjs'

const ACCOUNTS = Number(process.argv[2] ?? 1000)
const AIM_KB = 100
const IDLE_SECONDS = Number(process.env.IDLE_SECONDS ?? 20)
const MINUTES = 60_000

const env = {
  DISCOVERY_POLL_MS: '2000',
  QUEUE_POLL_MS: '60000',
  INSTANCE_LOCK_TTL_MS: '120000',
  LOG_LEVEL: 'warn',
}

function residentKb(program) {
  const status = readFileSync(`/proc/${program.child.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)[1])
}
function cpuSeconds(program) {
  const fields = readFileSync(`/proc/${program.child.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
const pause = (ms) => new Promise((next) => setTimeout(next, ms))

async function connected(worker, count, patience) {
  const started = Date.now()
  await until(`${count} connected accounts`, async () => {
    const ready = await json('GET', `http://127.0.0.1:${worker.port}/ready`).catch(() => null)
    return ready && ready.instances.connected >= count
  }, patience)
  return (Date.now() - started) / 1000
}

/** Links every account: a phone each, scanning whatever QR the edge shows for its instance. */
async function link(stage, ids) {
  const phones = new Map()
  for (const id of ids) {
    phones.set(id, await stage.simulator.phone())
    await stage.edge.instance(id)
  }
  const scanned = new Set()
  await until('every account to be linked', async () => {
    const { data } = await stage.edge.get('instances')
    for (const { id, qr } of data) {
      if (!qr || scanned.has(id)) continue
      scanned.add(id)
      await stage.simulator.post(`phones/${phones.get(id).id}/scan`, { qr }).catch(() => scanned.delete(id))
    }
    return data.filter((instance) => instance.status === 'CONNECTED').length >= ids.length
  }, 10 * MINUTES)
}

const stage = await Stage.set('fleet-idle')
let held = false
try {
  let worker = await stage.worker({ env })
  await pause(2000)
  const emptyKb = residentKb(worker)
  console.log(`an empty worker takes ${emptyKb} KB; linking ${ACCOUNTS} accounts …`)
  await link(stage, Array.from({ length: ACCOUNTS }, (_, i) => `account-${String(i).padStart(5, '0')}`))
  await pause(IDLE_SECONDS * 1000)
  const afterLinkingKb = residentKb(worker)
  await worker.stop()

  worker = await stage.worker({ env, label: 'restarted' })
  const startSeconds = await connected(worker, ACCOUNTS, 5 * MINUTES)
  await pause(IDLE_SECONDS * 1000)
  const rssKb = residentKb(worker)
  const cpuFrom = cpuSeconds(worker)
  await pause(IDLE_SECONDS * 1000)
  const idleCpu = (cpuSeconds(worker) - cpuFrom) / IDLE_SECONDS

  const perAccount = rssKb / ACCOUNTS
  held = perAccount < AIM_KB
  const result = {
    bench: 'fleet-idle',
    accounts: ACCOUNTS,
    rss_kb: rssKb,
    empty_kb: emptyKb,
    kb_per_account: Number(perAccount.toFixed(1)),
    kb_per_account_above_empty: Number(((rssKb - emptyKb) / ACCOUNTS).toFixed(1)),
    rss_kb_after_linking: afterLinkingKb,
    start_seconds: Number(startSeconds.toFixed(1)),
    idle_cpu_share_of_a_core: Number(idleCpu.toFixed(4)),
    aim_kb_per_account: AIM_KB,
    held,
    machine: `${cpus()[0].model} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
  }
  console.table([
    { figure: `RSS per account, ${ACCOUNTS} idle`, aim: `< ${AIM_KB} KB`, measured: `${result.kb_per_account} KB`, held },
    { figure: '… above an empty worker', aim: '', measured: `${result.kb_per_account_above_empty} KB`, held: '' },
    { figure: '… right after linking them all', aim: '', measured: `${(afterLinkingKb / ACCOUNTS).toFixed(1)} KB`, held: '' },
    { figure: 'start to all connected', aim: '', measured: `${result.start_seconds} s`, held: '' },
    { figure: 'idle CPU', aim: '', measured: `${(100 * idleCpu).toFixed(2)} % of a core`, held: '' },
  ])
  console.log(JSON.stringify(result))
  if (process.env.BENCH_OUT) writeFileSync(process.env.BENCH_OUT, JSON.stringify(result, null, 2) + '\n')
} catch (error) {
  console.error(`${error.message}\n${stage.desk.story()}`)
} finally {
  await stage.strike()
}
process.exit(held ? 0 : 1)
