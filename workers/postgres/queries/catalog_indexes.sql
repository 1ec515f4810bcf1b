SELECT c.tableoid, c.oid, 0, 'index', ARRAY[n.nspname, c.relname]::text[], t.tableoid, t.oid, 0,
       concat_ws('/', x.indkey, x.indclass, x.indcollation, x.indoption, x.indisunique, x.indisexclusion,
                 x.indnatts, x.indnkeyatts, h.inhparent,
                 hashtextextended(x.indexprs::text COLLATE "C", 0), hashtextextended(x.indpred::text COLLATE "C", 0)),
       x.indisvalid AS valid,
       x.indisclustered AS clustered,
       t.relkind AS table_kind,
       k.conname AS constraint,
       CASE WHEN h.inhparent IS NOT NULL THEN (
               SELECT quote_ident(pn.nspname) || '.' || quote_ident(pc.relname)
               FROM pg_class pc JOIN pg_namespace pn ON pn.oid = pc.relnamespace WHERE pc.oid = h.inhparent) END AS attached,
       CASE WHEN c.reloptions IS NOT NULL THEN (SELECT array_agg(o ORDER BY o) FROM unnest(c.reloptions) o) END AS options,
       s.spcname AS tablespace,
       (
               SELECT array_agg(a.attnum || ' ' || a.attstattarget ORDER BY a.attnum)
               FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attstattarget >= 0) AS column_statistics,
       pg_get_indexdef(c.oid) AS definition
FROM pg_index x
JOIN pg_class c ON c.oid = x.indexrelid
JOIN pg_class t ON t.oid = x.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
