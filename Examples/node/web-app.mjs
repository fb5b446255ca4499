// The example web app in plain Node, without dependencies. What an oRPC library does for you is spelled out here.
//
//   node web-app.mjs --port 3000 --durable-url http://127.0.0.1:8080/rpc [--token T] [--run-demo]
//
// With WEB_APP_SIGNING_SECRET, one secret or several with spaces between, it answers only calls that are signed with one of
// them: those of a service whose tasks file has it among the endpoint's signingSecrets.
import { createServer } from 'node:http'
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' }, port: { type: 'string', default: '3000' },
    'durable-url': { type: 'string' }, token: { type: 'string' }, 'run-demo': { type: 'boolean' },
  },
})

// The procedures that the durable execution service calls: POST /rpc/<name> {"json": input} → {"json": output}
const procedures = {
  add1: ({ n }) => ({ n: n + 1 }),
  add2: ({ n }) => ({ n: n + 2 }),
  flaky(input, headers) {
    if (Number(headers['durable-retry-attempt'] ?? 0) < 2) throw new RPCError(503, 'SERVICE_UNAVAILABLE', 'Out of paper')
    return input
  },
  // The parent `squares` brings children, which run at once; then its finalize task `sum` gets {output, children}.
  squares: ({ n }) => ({
    output: { n }, children: Array.from({ length: n }, (_, i) => ({ taskId: 'square', input: { n: i + 1 } })),
  }),
  square: ({ n }) => ({ n: n * n }),
  sum: ({ children }) => ({ n: children.reduce((sum, child) => sum + child.output.n, 0) }),
  // The loop `delivery` calls this until it is done.
  arrived({ n }) {
    const now = Math.floor(Date.now() / 1000)
    return { isDone: now >= n, output: { n: now } }
  },
}

class RPCError extends Error {
  constructor(status, code, message) { super(message); Object.assign(this, { status, code }) }
}

// Whether a call was signed with one of the secrets in the last five minutes (Standard Webhooks). The signature covers its
// id, time and body, the bytes as they came; neither the URL nor the other headers.
function webhookVerifier(secrets) {
  const keys = secrets.split(/\s+/).filter(Boolean).map((secret) => Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
  if (keys.length === 0 || keys.some((key) => key.length < 24)) {
    throw new Error('WEB_APP_SIGNING_SECRET must be whsec_ and base64 of at least 24 bytes, or several with spaces between')
  }
  return (headers, body) => {
    const id = headers['webhook-id'], timestamp = headers['webhook-timestamp'], signatures = headers['webhook-signature']
    if (!id || !timestamp || !signatures || !(Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300)) return false
    const given = signatures.split(' ').filter((s) => s.startsWith('v1,')).map((s) => Buffer.from(s.slice(3), 'base64'))
    return keys.some((key) => {
      const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
      return given.some((code) => code.length === expected.length && timingSafeEqual(code, expected))
    })
  }
}

const secrets = process.env.WEB_APP_SIGNING_SECRET
const isSigned = secrets === undefined ? () => true : webhookVerifier(secrets)

const server = createServer(async (request, response) => {
  let status = 200, json
  try {
    const body = Buffer.concat(await request.toArray())
    if (!isSigned(request.headers, body)) throw new RPCError(401, 'UNAUTHORIZED', 'The call is not signed as it should be')
    const name = request.url.replace(/^\/rpc\//, '')
    if (!Object.hasOwn(procedures, name)) throw new RPCError(404, 'NOT_FOUND', 'Not Found')
    json = await procedures[name](JSON.parse(body.toString() || '{}').json, request.headers)
  } catch (error) {
    status = error.status ?? 500
    const [code, message] = error.status ? [error.code, error.message] : ['INTERNAL_SERVER_ERROR', 'Internal server error']
    json = { defined: false, code, status, message }
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ json }))
})

// The other direction: this app calls the service's procedures the same way.
async function durable(procedure, json) {
  const authorization = flags.token ? { authorization: `Bearer ${flags.token}` } : {}
  const response = await fetch(`${flags['durable-url']}/${procedure}`, {
    method: 'POST', headers: { 'content-type': 'application/json', ...authorization }, body: JSON.stringify({ json }),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${procedure}: ${answer.json.message}`)
  return answer.json
}

async function enqueue(taskId, input) {
  const options = { idempotencyKey: randomUUID() } // makes it safe to enqueue again when an answer gets lost
  const executionId = await durable('enqueueTask', { taskId, input, options })
  console.log(`${taskId}: enqueued with`, input, `and stored as ${executionId}`)
  return executionId
}

async function finish(taskId, executionId) {
  let execution
  do execution = await durable('waitForTaskExecution', { taskId, executionId })
  while (['ready', 'running', 'waiting_for_children', 'waiting_for_finalize'].includes(execution.status))
  console.log(`${taskId}: ${execution.status} after ${execution.retryAttempts} retries, output`, execution.output ?? execution.error)
  return execution
}

async function demo(taskId, n, expected, retries = 0) {
  const execution = await finish(taskId, await enqueue(taskId, { n }))
  if (execution.output?.n !== expected || execution.retryAttempts !== retries) throw new Error(`${taskId} went wrong`)
}

await new Promise((resolve, reject) => server.on('error', reject).listen(Number(flags.port), flags.host, resolve))
if (flags['run-demo']) {
  await demo('add1', 41, 42)
  await demo('add2', 40, 42)
  await demo('flaky', 7, 7, 2)
  await demo('add3', 39, 42) // a sequence: add1, then add2
  await demo('squares', 4, 30) // a parent: 1 + 4 + 9 + 16

  const due = Math.floor(Date.now() / 1000) + 2
  const delivery = await finish('delivery', await enqueue('delivery', { n: due })) // a loop
  if (!delivery.output?.isSuccess || delivery.output.output.n < due) throw new Error('delivery went wrong')

  const sleepingTaskUniqueId = `invoice-${randomUUID()}` // a sleeper: its input is the name that it is woken up by
  const sleeper = await enqueue('approval', sleepingTaskUniqueId)
  const news = { status: 'completed', output: { n: 42 } }
  await durable('wakeupSleepingTaskExecution', { taskId: 'approval', sleepingTaskUniqueId, options: news })
  if ((await finish('approval', sleeper)).output?.n !== 42) throw new Error('approval went wrong')
  server.close()
  server.closeAllConnections()
}
