#!/usr/bin/env node
// In place of Prisma's native schema engine: the same JSON-RPC on stdin and stdout, answered by the official engine in
// WebAssembly, which npm has while the native one comes from a host of its own. For PRISMA_SCHEMA_ENGINE_BINARY.
import fs from 'node:fs'
import readline from 'node:readline'
import { fileURLToPath } from 'node:url'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg'
import { connect, open } from './database.mjs'

const argument = (name) => process.argv[process.argv.indexOf(name) + 1]
const url = () => JSON.parse(argument('--datasource')).url
const write = (stream, value) => stream.write(JSON.stringify(value) + '\n')

// `engine cli can-connect-to-database` is how the CLI looks before it deploys; it reads the answer from the log.
async function canConnect() {
  const log = (level, fields) => write(process.stderr, { timestamp: new Date().toISOString(), level, fields })
  try {
    await (await open(url())).client.end()
    log('INFO', { message: 'Connection successful' })
  } catch (error) {
    log('ERROR', { is_panic: false, error_code: error.code === '3D000' ? 'P1003' : 'P1001', message: error.message })
    process.exitCode = 1
  }
}

function load() {
  const file = fileURLToPath(import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg')).replace(/js$/, 'wasm')
  const wasm = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(file)), { './schema_engine_bg.js': glue })
  glue.__wbg_set_wasm(wasm.exports)
  wasm.exports.__wbindgen_start()
}

async function start() {
  load()
  const factory = bindMigrationAwareSqlAdapterFactory({
    provider: 'postgres',
    adapterName: 'one-session',
    connect: () => connect(url()),
    connectToShadowDb: () => Promise.reject(new Error('deploy, status and resolve need no shadow database')),
  })
  const file = argument('--datamodels')
  return glue.SchemaEngine.new({ datamodels: [[file, fs.readFileSync(file, 'utf8')]] }, () => {}, factory)
}

async function serve() {
  let engine
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { id, method, params } = JSON.parse(line)
    try {
      engine ??= await start()
      write(process.stdout, { jsonrpc: '2.0', id, result: (await engine[method](params ?? null)) ?? {} })
    } catch ({ message, code, meta }) {
      const data = { is_panic: false, message, error_code: code, meta }
      write(process.stdout, { jsonrpc: '2.0', id, error: { code: 4466, message: 'An error happened.', data } })
    }
  }
  process.exit() // the session's socket would keep us here
}

await (process.argv.includes('cli') ? canConnect() : serve())
