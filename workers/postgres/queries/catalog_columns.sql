-- Since version 17 a partition has the identity of the whole table, with no sequence of its own
-- (https://www.postgresql.org/docs/current/ddl-identity-columns.html).
SELECT c.tableoid, c.oid, a.attnum, 'column', ARRAY[n.nspname, c.relname, a.attname]::text[], c.tableoid, c.oid, 0,
       concat_ws('/', a.atttypid, a.atttypmod, a.attcollation, a.attgenerated,
                 CASE WHEN a.attgenerated <> '' THEN hashtextextended(d.adbin::text COLLATE "C", 0) END),
       format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN a.attcollation NOT IN (0, t.typcollation) THEN (
               SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
               FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
               WHERE co.oid = a.attcollation) END AS collation,
       CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS generated,
       nullif(a.attgenerated, '') AS generated_kind,
       CASE WHEN NOT c.relispartition OR current_setting('server_version_num')::int < 170000
            THEN nullif(a.attidentity, '') END AS identity,
       a.attnotnull AS not_null,
       ${not_null_name} AS not_null_constraint,
       ${not_null_valid} AS not_null_valid,
       ${not_null_no_inherit} AS not_null_no_inherit,
       ${not_null_own} AS not_null_own,
       CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END AS storage,
       nullif(${compression}, '') AS compression,
       nullif(a.attstattarget, -1) AS statistics,
       CASE WHEN a.attoptions IS NOT NULL THEN (SELECT array_agg(o ORDER BY o) FROM unnest(a.attoptions) o) END AS options,
       a.attinhcount > 0 AND NOT a.attislocal AS inherited,
       a.attinhcount > 0 AS from_parent,
       coalesce(a.attnum = ANY (pt.partattrs) OR pt.partexprs::text ~ (':varattno ' || a.attnum || ' '), false)
           AS in_partition_key
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated <> ''
LEFT JOIN pg_partitioned_table pt ON pt.partrelid = c.oid
${not_null_join}
WHERE c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
