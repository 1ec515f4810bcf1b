SELECT n.tableoid, n.oid, 0, 'schema', ARRAY[n.nspname]::text[], 0, 0, 0, '',
       pg_get_userbyid(n.nspowner) AS owner
FROM pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
