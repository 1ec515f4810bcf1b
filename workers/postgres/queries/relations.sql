-- The user's relations with those of the given OIDs, or all when the array is null: what of them a statement can change.
with wanted as (
  select c.oid, n.nspname, c.relname, c.relkind
    from (select %s::pg_catalog.oid[]) as p(oids)
    join pg_catalog.pg_class c on p.oids is null or c.oid operator(pg_catalog.=) any (p.oids)
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
   where c.oid operator(pg_catalog.>=) 16384::pg_catalog.oid
     and n.nspname operator(pg_catalog.<>) 'pg_toast'
)
select
  (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(
            w.oid::pg_catalog.int8, w.nspname, w.relname, w.relkind,
            pg_catalog.pg_relation_filenode(w.oid)::pg_catalog.int8,
            i.indrelid::pg_catalog.int8, i.indisunique, i.indisvalid))
     from wanted w left join pg_catalog.pg_index i on i.indexrelid operator(pg_catalog.=) w.oid),
  (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(
            a.attrelid::pg_catalog.int8, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
            case when a.attidentity operator(pg_catalog.<>) ''::pg_catalog."char" then 'identity'
                 else pg_catalog.pg_get_expr(d.adbin, d.adrelid) end,
            a.atttypid::pg_catalog.int8)
            order by a.attnum)
     from pg_catalog.pg_attribute a
     join wanted w on w.oid operator(pg_catalog.=) a.attrelid
      and w.relkind operator(pg_catalog.=) any ('{r,p,f}'::pg_catalog."char"[])
     left join pg_catalog.pg_attrdef d
       on d.adrelid operator(pg_catalog.=) a.attrelid and d.adnum operator(pg_catalog.=) a.attnum
    where a.attnum operator(pg_catalog.>) 0 and not a.attisdropped),
  (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(
            k.oid::pg_catalog.int8, k.conrelid::pg_catalog.int8, k.conname, k.contype, k.convalidated,
            pg_catalog.pg_get_constraintdef(k.oid), k.confrelid::pg_catalog.int8, k.conindid::pg_catalog.int8))
     from pg_catalog.pg_constraint k
     join wanted w on w.oid operator(pg_catalog.=) k.conrelid
    where k.contype operator(pg_catalog.=) any ('{c,f,p,u,x}'::pg_catalog."char"[]))
