SELECT c.tableoid, c.oid, 0, CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END,
       ARRAY[n.nspname, c.relname]::text[], 0, 0, 0, hashtextextended(r.ev_action::text COLLATE "C", 0)::text,
       pg_get_userbyid(c.relowner) AS owner,
       CASE WHEN c.reloptions IS NOT NULL THEN (SELECT array_agg(o ORDER BY o) FROM unnest(c.reloptions) o) END AS options,
       c.relispopulated AS populated,
       CASE WHEN am.amname <> 'heap' THEN am.amname END AS access_method,
       (
               SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
               WHERE a.attrelid = c.oid AND a.attnum > 0) AS column_names,
       (
               SELECT array_agg(quote_ident(a.attname) || ' ' || x.privilege_type || ' TO '
                                || CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END
                                || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
                                ORDER BY a.attnum, x.privilege_type, x.grantee)
               FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x
               WHERE a.attrelid = c.oid) AS column_grants,
       (
               SELECT array_agg(quote_ident(a.attname) || s.action ORDER BY a.attnum, s.action)
               FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
               CROSS JOIN LATERAL (VALUES
                   (' SET STATISTICS ' || CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END),
                   (' SET STORAGE ' || CASE WHEN a.attstorage <> t.typstorage THEN
                       CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
                           ELSE 'EXTENDED' END END),
                   (' SET (' || array_to_string(a.attoptions, ', ') || ')')) s (action)
               WHERE c.relkind = 'm' AND a.attrelid = c.oid AND a.attnum > 0 AND s.action IS NOT NULL)
           AS column_settings,
       (
               SELECT array_agg(quote_ident(a.attname) || ' ' || pg_get_expr(d.adbin, d.adrelid) ORDER BY a.attnum)
               FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
               WHERE d.adrelid = c.oid) AS column_defaults,
       (
               SELECT array_agg(quote_ident(a.attname) || ' ' || quote_literal(d.description) ORDER BY a.attnum)
               FROM pg_description d JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid
               WHERE d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid > 0) AS column_comments,
       pg_get_viewdef(c.oid) AS definition
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
LEFT JOIN pg_am am ON am.oid = c.relam
WHERE c.relkind IN ('v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
