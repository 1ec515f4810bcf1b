-- What was written since a transaction, as far as rows tell that are there: what is gone shows in the other two queries.
-- An own OID, and that of what it hangs on.
WITH since (age) AS (SELECT age($$1))
SELECT c.oid, c.oid FROM pg_class c, since WHERE age(c.xmin) <= since.age
UNION ALL SELECT a.attrelid, a.attrelid FROM pg_attribute a, since WHERE age(a.xmin) <= since.age
UNION ALL SELECT d.oid, d.adrelid FROM pg_attrdef d, since WHERE age(d.xmin) <= since.age
UNION ALL SELECT k.oid, CASE WHEN k.conrelid = 0 THEN k.contypid ELSE k.conrelid END
          FROM pg_constraint k, since WHERE age(k.xmin) <= since.age
UNION ALL SELECT i.indexrelid, i.indrelid FROM pg_index i, since WHERE age(i.xmin) <= since.age
UNION ALL SELECT t.oid, t.tgrelid FROM pg_trigger t, since WHERE age(t.xmin) <= since.age
UNION ALL SELECT p.oid, p.polrelid FROM pg_policy p, since WHERE age(p.xmin) <= since.age
UNION ALL SELECT r.oid, r.ev_class FROM pg_rewrite r, since WHERE age(r.xmin) <= since.age
UNION ALL SELECT h.inhrelid, h.inhparent FROM pg_inherits h, since WHERE age(h.xmin) <= since.age
UNION ALL SELECT s.seqrelid, s.seqrelid FROM pg_sequence s, since WHERE age(s.xmin) <= since.age
UNION ALL SELECT p.partrelid, p.partrelid FROM pg_partitioned_table p, since WHERE age(p.xmin) <= since.age
UNION ALL SELECT f.ftrelid, f.ftrelid FROM pg_foreign_table f, since WHERE age(f.xmin) <= since.age
UNION ALL SELECT t.oid, t.oid FROM pg_type t, since WHERE age(t.xmin) <= since.age
UNION ALL SELECT e.enumtypid, e.enumtypid FROM pg_enum e, since WHERE age(e.xmin) <= since.age
UNION ALL SELECT r.rngtypid, r.rngtypid FROM pg_range r, since WHERE age(r.xmin) <= since.age
UNION ALL SELECT p.oid, p.oid FROM pg_proc p, since WHERE age(p.xmin) <= since.age
UNION ALL SELECT d.objid, d.objid FROM pg_depend d, since WHERE age(d.xmin) <= since.age
UNION ALL SELECT d.objoid, d.objoid FROM pg_description d, since WHERE age(d.xmin) <= since.age
