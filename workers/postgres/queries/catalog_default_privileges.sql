-- Where they are for all schemas, they stand in the place of the usual privileges, else beside them
-- (https://www.postgresql.org/docs/current/catalog-pg-default-acl.html).
SELECT x.tableoid, x.oid, 0, 'default privileges', ARRAY[i.identity]::text[], 0, 0, 0,
       concat_ws('/', x.defaclrole, x.defaclnamespace, x.defaclobjtype),
       pg_get_userbyid(x.defaclrole) AS role,
       n.nspname AS schema,
       CASE x.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                            WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END AS on,
       given.list AS given,
       usual.list AS usual
FROM pg_default_acl x
LEFT JOIN pg_namespace n ON n.oid = x.defaclnamespace
CROSS JOIN LATERAL pg_identify_object(x.tableoid, x.oid, 0) i
CROSS JOIN LATERAL (
    SELECT array_agg(x.line ORDER BY x.line) FROM (
        SELECT g.privilege_type || ' TO '
               || CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END
               || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
        FROM aclexplode(x.defaclacl) g) x (line)) given (list)
CROSS JOIN LATERAL (
    SELECT array_agg(g.privilege_type || ' TO '
                     || CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END)
    FROM aclexplode(acldefault((CASE x.defaclobjtype WHEN 'S' THEN 's' ELSE x.defaclobjtype END)::"char", x.defaclrole)) g
    WHERE x.defaclnamespace = 0) usual (list)
