-- What the current transaction did so far: locks held, rows and scans counted, WAL position. Every name is qualified,
-- operators too: a migration may have put its own functions and operators first in the search_path.
select
  pg_catalog.pg_current_wal_insert_lsn() operator(pg_catalog.-) '0/0'::pg_catalog.pg_lsn,
  (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(l.relation::pg_catalog.int8, l.mode))
     from pg_catalog.pg_locks l
    where l.pid operator(pg_catalog.=) pg_catalog.pg_backend_pid()
      and l.locktype operator(pg_catalog.=) 'relation'
      and l.granted
      and l.relation operator(pg_catalog.>=) 16384::pg_catalog.oid),
  (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(
            s.relid::pg_catalog.int8, s.seq_scan, s.n_tup_ins, s.n_tup_upd, s.n_tup_del))
     from pg_catalog.pg_stat_xact_all_tables s
    where s.relid operator(pg_catalog.>=) 16384::pg_catalog.oid
      and (s.seq_scan operator(pg_catalog.>) 0 or s.n_tup_ins operator(pg_catalog.>) 0
           or s.n_tup_upd operator(pg_catalog.>) 0 or s.n_tup_del operator(pg_catalog.>) 0))
