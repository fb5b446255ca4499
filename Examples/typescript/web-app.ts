/**
 * The mission's README with this service: an app whose procedure `add2` is run as a durable task.
 *
 *   npm install @orpc/client @orpc/server
 *   node --experimental-strip-types web-app.ts
 *
 * The service runs with a tasks file like ../web-app/tasks.yaml, which says that the task `add2` calls this app's `add2`.
 */
import { createServer } from 'node:http'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import { os, type, type RouterClient } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'

import {
  createDurableTaskORPCHandles,
  durableTask,
  procedureTask,
  type DurableTaskORPCRouterClient,
} from './durable.ts'

// Procedures as usual.
const add2 = os
  .input(type<{ n: number }>())
  .output(type<{ n: number }>())
  .handler(({ input }) => ({ n: input.n + 2 }))

const webAppRouter = { add2 }

// A client for the durable execution service.
const durableClient: DurableTaskORPCRouterClient = createORPCClient(
  new RPCLink({
    url: process.env.DURABLE_URL ?? 'http://localhost:8080/rpc',
    headers: () => ({ authorization: `Bearer ${process.env.DURABLE_TOKEN}` }),
  }),
)

// The types of the tasks: given by hand, or taken from a procedure of this app.
const tasks = {
  add1: durableTask<{ n: number }, { n: number }>(),
  add2: procedureTask<RouterClient<typeof webAppRouter>['add2']>(),
}

const handles = createDurableTaskORPCHandles(durableClient, tasks)

const handler = new RPCHandler(webAppRouter)
const server = createServer(async (request, response) => {
  const { matched } = await handler.handle(request, response, { prefix: '/rpc' })
  if (!matched) response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found')
})

server.listen(Number(process.env.PORT ?? 3000), async () => {
  const executionId = await handles.add2.enqueue({ n: 0 })
  console.log('enqueued', executionId, (await handles.add2.getExecution(executionId)).status)

  const execution = await handles.add2.wait(executionId)
  if (execution.status === 'completed') console.log('completed with n =', execution.output.n)
  else console.log(execution.status, execution.error.message)
  server.close()
})
