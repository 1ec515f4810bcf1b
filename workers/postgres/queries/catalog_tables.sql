SELECT c.tableoid, c.oid, 0, CASE c.relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END,
       ARRAY[n.nspname, c.relname]::text[], 0, 0, 0,
       concat_ws('/', coalesce(i.oids, ''), (c.relpartbound::text), p.partattrs::text, p.partexprs::text, c.reloftype),
       pg_get_userbyid(c.relowner) AS owner,
       c.relpersistence AS persistence,
       (
               SELECT array_agg(o ORDER BY o) FROM (
                   SELECT unnest(c.reloptions) UNION ALL
                   SELECT 'toast.' || unnest(toast.reloptions)) o (o)) AS options,
       c.relrowsecurity AS row_security,
       c.relforcerowsecurity AS force_row_security,
       c.relreplident::text || coalesce(':' || ri.relname, '') AS replica_identity,
       CASE WHEN am.amname <> 'heap' THEN am.amname END AS access_method,
       s.spcname AS tablespace,
       CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,
       CASE WHEN f.ftrelid IS NOT NULL THEN (
               SELECT quote_ident(fs.srvname) FROM pg_foreign_server fs WHERE fs.oid = f.ftserver) END AS server,
       f.ftoptions AS server_options,
       i.names AS parents,
       CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
       CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END AS bound
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid
LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
LEFT JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
LEFT JOIN pg_index rx ON rx.indrelid = c.oid AND rx.indisreplident AND c.relreplident = 'i'
LEFT JOIN pg_class ri ON ri.oid = rx.indexrelid
LEFT JOIN (
    SELECT h.inhrelid, string_agg(h.inhparent::text, ',' ORDER BY h.inhseqno) AS oids,
           array_agg(quote_ident(pn.nspname) || '.' || quote_ident(pc.relname) ORDER BY h.inhseqno) AS names
    FROM pg_inherits h JOIN pg_class pc ON pc.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace
    GROUP BY h.inhrelid) i ON i.inhrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
