SELECT e.tableoid, e.oid, 0, 'extension', ARRAY[e.extname]::text[], 0, 0, 0, e.extnamespace::text,
       n.nspname AS schema,
       e.extversion AS version
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
