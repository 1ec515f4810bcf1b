SELECT k.tableoid, k.oid, 0, 'constraint',
       ARRAY[n.nspname, coalesce(c.relname, t.typname), k.conname]::text[],
       CASE WHEN k.conrelid = 0 THEN 'pg_type'::regclass::oid ELSE 'pg_class'::regclass::oid END,
       CASE WHEN k.conrelid = 0 THEN k.contypid ELSE k.conrelid END, 0,
       concat_ws('/', k.conkey::text, k.confrelid, k.confkey::text, k.conindid,
                 hashtextextended(k.conbin::text COLLATE "C", 0), k.condeferrable, k.condeferred, k.convalidated,
                 k.connoinherit, ${enforced}, k.confupdtype, k.confdeltype, k.confmatchtype, k.conexclop),
       k.contype AS type,
       k.contypid <> 0 AS domain,
       k.convalidated AS validated,
       (k.coninhcount > 0 AND NOT k.conislocal) OR k.conparentid <> 0 AS inherited,
       pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k
JOIN pg_namespace n ON n.oid = k.connamespace
LEFT JOIN pg_class c ON c.oid = k.conrelid
LEFT JOIN pg_type t ON t.oid = k.contypid
-- A reference to a partitioned table has one more for each partition, which nobody names.
LEFT JOIN pg_constraint whole ON whole.oid = k.conparentid AND whole.conrelid = k.conrelid
WHERE whole.oid IS NULL AND k.contype IN ('c', 'f', 'p', 'u', 'x') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
