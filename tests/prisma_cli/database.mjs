// One session of PostgreSQL as the driver adapter that Prisma's engine asks for: no pool, scripts in one simple query.
import { ColumnTypeEnum, DriverAdapterError } from '@prisma/driver-adapter-utils'
import pg from 'pg'

// What the queries on _prisma_migrations and the catalogs return, by type OID; another type is an error, not a guess.
const COLUMN_TYPES = {
  16: ColumnTypeEnum.Boolean,
  18: ColumnTypeEnum.Character, // "char"
  19: ColumnTypeEnum.Text, // name
  20: ColumnTypeEnum.Int64,
  23: ColumnTypeEnum.Int32,
  21: ColumnTypeEnum.Int32, // int2
  25: ColumnTypeEnum.Text,
  26: ColumnTypeEnum.Int64, // oid
  1003: ColumnTypeEnum.TextArray, // name[]
  1009: ColumnTypeEnum.TextArray,
  1043: ColumnTypeEnum.Text, // varchar
  1184: ColumnTypeEnum.DateTime,
  2278: ColumnTypeEnum.Text, // void
}
const TIMESTAMPTZ = 1184
const asRfc3339 = (text) => text.replace(' ', 'T').replace(/\+00$/, '+00:00') // the session is in UTC
const [NAMES, TEXTS] = [1003, 1009] // pg knows no name[]
const types = {
  getTypeParser: (oid, format) =>
    oid === TIMESTAMPTZ ? asRfc3339 : pg.types.getTypeParser(oid === NAMES ? TEXTS : oid, format),
}

const NAMED = {
  '3D000': () => ({ kind: 'DatabaseDoesNotExist' }),
  '42P01': (error) => ({ kind: 'TableDoesNotExist', table: error.message.split('"')[1] }),
}

function adapted(error) {
  if (!error.severity) return error // the connection's, not the server's
  const { code, severity, message, detail, column, hint } = error
  const named = NAMED[code]?.(error) ?? { kind: 'postgres', code, severity, message, detail, column, hint }
  return new DriverAdapterError({ originalCode: code, originalMessage: message, ...named })
}

function columnType({ name, dataTypeID }) {
  const found = COLUMN_TYPES[dataTypeID]
  if (found === undefined) throw new Error(`column ${name}: type OID ${dataTypeID} is not in COLUMN_TYPES`)
  return found
}

// `?schema=`, Prisma's own parameter, is the search_path; without it Prisma takes public. `?host=` is a socket's folder.
export async function open(url) {
  const address = new URL(url)
  const schema = address.searchParams.get('schema') ?? 'public'
  const host = address.searchParams.get('host')
  address.search = host ? `host=${encodeURIComponent(host)}` : ''
  const client = new pg.Client({ connectionString: address.toString(), application_name: 'prisma' })
  await client.connect()
  await client.query(`SET search_path = "${schema}"; SET timezone = 'UTC'`)
  return { client, schema }
}

export async function connect(url) {
  const { client, schema } = await open(url)
  const ask = (query) => client.query(query).catch((error) => Promise.reject(adapted(error)))
  const run = ({ sql, args }) => ask({ text: sql, values: args, rowMode: 'array', types })
  return {
    provider: 'postgres',
    adapterName: 'one-session',
    getConnectionInfo: () => ({ schemaName: schema, supportsRelationJoins: true }),
    async queryRaw(query) {
      const { fields, rows } = await run(query)
      return { columnNames: fields.map((field) => field.name), columnTypes: fields.map(columnType), rows }
    },
    executeRaw: async (query) => (await run(query)).rowCount ?? 0,
    executeScript: async (script) => void (await ask(script)),
    startTransaction: () => Promise.reject(new Error('Migrate opens no transaction of its own')),
    dispose: () => client.end(),
  }
}
