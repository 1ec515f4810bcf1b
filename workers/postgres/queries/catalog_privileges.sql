-- Privileges that differ from what an object has when nobody granted anything: catalog, oid, sub id, grants.
WITH acl (catalog, oid, sub, items, usual) AS (
    SELECT c.tableoid, c.oid, 0, c.relacl,
           acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner)
    FROM pg_class c WHERE c.relacl IS NOT NULL AND c.oid >= 16384
    UNION ALL
    SELECT 'pg_class'::regclass::oid, a.attrelid, a.attnum, a.attacl, acldefault('c', 0::oid)
    FROM pg_attribute a WHERE a.attacl IS NOT NULL AND a.attrelid >= 16384 AND NOT a.attisdropped
    UNION ALL
    SELECT n.tableoid, n.oid, 0, n.nspacl, acldefault('n', n.nspowner)
    FROM pg_namespace n WHERE n.nspacl IS NOT NULL AND (n.oid >= 16384 OR n.nspname = 'public')
    UNION ALL
    SELECT p.tableoid, p.oid, 0, p.proacl, acldefault('f', p.proowner)
    FROM pg_proc p WHERE p.proacl IS NOT NULL AND p.oid >= 16384
    UNION ALL
    SELECT t.tableoid, t.oid, 0, t.typacl, acldefault('T', t.typowner)
    FROM pg_type t WHERE t.typacl IS NOT NULL AND t.oid >= 16384
), listed AS (
    SELECT acl.catalog, acl.oid, acl.sub, grants.list AS list, usual.list AS usual
    FROM acl
    CROSS JOIN LATERAL (
        SELECT array_agg(x.line ORDER BY x.line) FROM (
            SELECT x.privilege_type || ' TO '
                   || CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END
                   || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
            FROM aclexplode(acl.items) x) x (line)) grants (list)
    CROSS JOIN LATERAL (
        SELECT array_agg(x.line ORDER BY x.line) FROM (
            SELECT x.privilege_type || ' TO '
                   || CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END
                   || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
            FROM aclexplode(acl.usual) x) x (line)) usual (list)
)
SELECT l.catalog, l.oid, l.sub, coalesce(l.list, '{}') FROM listed l WHERE l.list IS DISTINCT FROM l.usual
