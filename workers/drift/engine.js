// Runs before the glue of @prisma/schema-engine-wasm, its `export`s taken off, in Node.js and in a bare V8, which lacks
// all that is made here first. No file, no network, no clock that counts: the engine is asked for text only.

globalThis.global ??= globalThis
globalThis.setTimeout ??= (call) => void Promise.resolve().then(call)
globalThis.queueMicrotask ??= (call) => void Promise.resolve().then(call)
globalThis.crypto ??= { getRandomValues: (bytes) => bytes.map(() => Math.random() * 256) }

function bytesOf(binary) {
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}

globalThis.TextEncoder ??= class {
  encode(text) {
    return bytesOf(unescape(encodeURIComponent(text)))
  }
  encodeInto(text, view) {
    const bytes = this.encode(text)
    view.set(bytes)
    return { read: text.length, written: bytes.length }
  }
}

globalThis.TextDecoder ??= class {
  decode(bytes = []) {
    let binary = ''
    for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192))
    return decodeURIComponent(escape(binary))
  }
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

function decoded(base64) {
  const value = new Uint8Array(128)
  for (let at = 0; at < 64; at++) value[LETTERS.charCodeAt(at)] = at
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array((base64.length / 4) * 3 - padding)
  for (let at = 0, to = 0; at < base64.length; at += 4) {
    const [a, b, c, d] = [0, 1, 2, 3].map((next) => value[base64.charCodeAt(at + next)])
    const word = (a << 18) | (b << 12) | (c << 6) | d
    for (const shift of [16, 8, 0]) if (to < bytes.length) bytes[to++] = (word >> shift) & 255
  }
  return bytes
}

// The engine connects when it is made and asks the server's version, and never again where it only writes DDL.
const answered = (value) => Promise.resolve({ ok: true, value })
const VERSION = { columnNames: ['exists', 'version', 'number'], columnTypes: [5, 7, 0], rows: [[true, 'PostgreSQL 16', 160000]] }
const connection = {
  provider: 'postgres',
  adapterName: '@prisma/adapter-pg',
  errorRegistry: {},
  queryRaw: () => answered(VERSION),
  executeRaw: () => answered(0),
  executeScript: () => answered(undefined),
  dispose: () => answered(undefined),
  getConnectionInfo: () => ({ ok: true, value: { supportsRelationJoins: true } }),
}
const adapter = {
  provider: 'postgres',
  adapterName: '@prisma/adapter-pg',
  errorRegistry: {},
  connect: () => answered(connection),
  connectToShadowDb: () => answered(connection),
}

let outcome = null // JSON: {ddl} or {error}, null until the engine is done

async function ddl(wasmBase64, names, files) {
  const imports = { './schema_engine_bg.js': names }
  const instance = new WebAssembly.Instance(new WebAssembly.Module(decoded(wasmBase64)), imports)
  __wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
  const engine = await SchemaEngine.new({ datamodels: files }, () => {}, adapter)
  const declared = files.map(([path, content]) => ({ path, content }))
  const said = await engine.diff({
    from: { tag: 'empty' },
    to: { tag: 'schemaDatamodel', files: declared },
    script: true,
    exitCode: true,
    filters: { externalTables: [], externalEnums: [] },
  })
  return said.stdout ?? ''
}

function start(wasmBase64, names, files) {
  const failed = (error) => JSON.stringify({ error: String(error?.meta?.full_error ?? error?.message ?? error) })
  ddl(wasmBase64, names, files).then(
    (text) => void (outcome = JSON.stringify({ ddl: text })),
    (error) => void (outcome = failed(error)),
  )
}
