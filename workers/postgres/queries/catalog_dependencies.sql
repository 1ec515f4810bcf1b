-- Who depends on whom, and how (https://www.postgresql.org/docs/current/catalog-pg-depend.html).
SELECT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid, d.deptype
FROM pg_depend d
WHERE d.objid >= 16384 AND (d.refobjid >= 16384 OR d.refclassid = 'pg_namespace'::regclass)
