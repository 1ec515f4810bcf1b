-- Objects that are only another face of one that is read: an array type, a table's row type, a generation expression,
-- a view's own rule.
SELECT t.tableoid, t.oid, t.tableoid, t.typelem, 0
FROM pg_type t JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
WHERE t.oid >= 16384
UNION ALL
SELECT t.tableoid, t.oid, c.tableoid, c.oid, 0
FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid
WHERE t.oid >= 16384 AND c.relkind <> 'c'
UNION ALL
SELECT c.tableoid, c.oid, t.tableoid, t.oid, 0
FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid
WHERE t.oid >= 16384 AND c.relkind = 'c'
UNION ALL
SELECT d.tableoid, d.oid, 'pg_class'::regclass::oid, a.attrelid, a.attnum
FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE a.attgenerated <> ''
UNION ALL
SELECT r.tableoid, r.oid, 'pg_class'::regclass::oid, r.ev_class, 0
FROM pg_rewrite r WHERE r.rulename = '_RETURN' AND r.oid >= 16384
UNION ALL
SELECT t.tableoid, t.oid, 'pg_constraint'::regclass::oid, t.tgconstraint, 0
FROM pg_trigger t WHERE t.tgisinternal AND t.tgconstraint <> 0
UNION ALL
SELECT 'pg_type'::regclass::oid, r.${multirange}, 'pg_type'::regclass::oid, r.rngtypid, 0
FROM pg_range r WHERE r.rngtypid >= 16384
