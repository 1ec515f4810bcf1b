SELECT d.tableoid, d.oid, 0, 'default', ARRAY[n.nspname, c.relname, a.attname]::text[], c.tableoid, c.oid, a.attnum,
       hashtextextended(d.adbin::text COLLATE "C", 0)::text,
       pg_get_expr(d.adbin, d.adrelid) AS definition
FROM pg_attrdef d
JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
JOIN pg_class c ON c.oid = d.adrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND a.attgenerated = '' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
