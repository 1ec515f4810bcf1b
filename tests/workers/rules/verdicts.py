"""What is found about each statement of the table of measurements; about the others nothing."""

from __future__ import annotations

ROWS = """
insert into parent select g, g::text from generate_series(1, 100) g;
insert into t(id, a, b, c, n, ts, parent_id, cid)
    select g, g, g::text, g::text, g, '2024-01-01', g, '10.0.0.0/8' from generate_series(1, 100) g;
insert into child select g, g from generate_series(1, 100) g;
insert into part select g, g % 10 from generate_series(1, 100) g;
insert into part select g, -g from generate_series(1, 100) g;
insert into part2 select g, 12 from generate_series(1, 100) g;
insert into p2 select g, g % 9 from generate_series(1, 100) g;
refresh materialized view mv;
"""
_FOUND = """
table-rewritten | alter table t add column x timestamptz not null default clock_timestamp()
table-rewritten | alter table t add column x uuid default gen_random_uuid()
table-rewritten | alter table t add column x serial
table-rewritten | alter table t add column x bigint generated always as identity
table-rewritten | alter table t add column x int generated always as (a*2) stored
table-rewritten | alter table t add column x dom_chk
table-rewritten | alter table t add column x dom_chk default 5
foreign-key-not-indexed | alter table t add column x int references parent(id)
constraint-validated-at-once | alter table t add column x int unique
constraint-validated-at-once | alter table t add column x int check (x>0)
constraint-validated-at-once | alter table t add column x int default 5 check (x>0)
constraint-validated-at-once | alter table t add constraint ck check (a>0)
constraint-validated-at-once, foreign-key-not-indexed | alter table t add constraint fk foreign key(parent_id) \
references parent(id)
foreign-key-not-indexed | alter table t add constraint fk foreign key(parent_id) references parent(id) not valid
constraint-validated-at-once | alter table t add constraint ex exclude (a with =)
relation-changed | alter table child drop constraint child_pid_fkey
not-null-set | alter table t alter column a set not null
table-rewritten | alter table t alter column a type bigint
table-rewritten | alter table t alter column b type varchar(5)
table-rewritten | alter table t alter column c type varchar(20)
table-rewritten | alter table t alter column n type numeric(12,3)
blocking-work | alter table t add constraint ck check (b<>'') || alter table t alter column b type text
renamed | alter table t rename column a to a2
renamed | alter table t rename to t2
column-dropped | alter table t drop column c
table-dropped | drop table child
index-not-concurrent | create index i on t(c)
index-not-concurrent | create index i on part(d)
blocking-work | reindex table t
blocking-work | reindex index t_a_idx
blocking-work, blocking-work | alter table part attach partition part2 for values from (10) to (20)
blocking-work | create table part3 partition of part for values from (30) to (40)
object-dropped | drop trigger trg on t
trigger-disabled | alter table t disable trigger trg
table-rewritten | refresh materialized view mv
table-unlogged, table-rewritten | alter table t set unlogged
rows-hidden | alter table t enable row level security
all-rows-deleted | truncate t
all-rows-deleted, all-rows-deleted | truncate parent cascade
all-rows-updated | update t set a=1
all-rows-deleted | delete from t
table-locked | lock table t in access exclusive mode
table-rewritten | cluster t using t_pkey
granted-to-everyone | grant select on t to public
column-dropped | alter table child drop column pid
table-rewritten, blocking-work | alter table child alter column pid type int
table-rewritten, blocking-work | alter table parent alter column id type int
column-dropped, primary-key-changed, relation-changed | alter table parent drop column id cascade
renamed | alter table parent rename column id to id2
table-rewritten | alter table part add column z uuid default gen_random_uuid()
not-null-set | alter table part alter column d set not null
column-dropped | alter table part drop column id
renamed | alter table part rename column id to id9
renamed | alter table part rename to part9
constraint-validated-at-once | alter table part add constraint pc check (id > -1)
constraint-validated-at-once | alter table part add constraint pu unique (d, id)
guarantee-dropped | alter table part add constraint pc check (id > -1) || alter table part drop constraint pc
table-dropped | drop table part
table-dropped | drop table part1
table-dropped, dropped-by-cascade | drop table parent cascade
all-rows-deleted | truncate part
all-rows-deleted | truncate part1
all-rows-updated | update part set id = 1
rows-hidden | alter table part enable row level security
primary-key-changed | alter table t drop constraint t_pkey
time-zone-assumed | alter table t alter column ts type timestamptz
table-rewritten | alter table t alter column ts type timestamptz using ts at time zone 'UTC'
table-rewritten | alter table t alter column a type text
table-rewritten | alter table t alter column ci type varchar(30)
blocking-work | alter table t alter column a type oid using a::oid
type-narrowed, table-rewritten | alter table t alter column ts type timestamp(3)
type-narrowed, table-rewritten | alter table t alter column ts type date
type-narrowed, table-rewritten | alter table t alter column n type int
table-rewritten | alter table t alter column b type char(10)
column-dropped | alter table t add column x text not null default 'a', add column y int, drop column c
table-rewritten | alter table t add column x int default (random()*10)::int
table-rewritten | alter table t add column x text default md5(random()::text)
table-rewritten | create sequence s || alter table t add column x bigint default nextval('s')
constraint-validated-at-once, foreign-key-not-indexed | alter table t add column x int default 5 references parent(id)
foreign-key-not-indexed | alter table t add column x int references parent(id) on delete set null
constraint-validated-at-once, foreign-key-not-indexed | alter table t add column parent2 bigint, add constraint pfk \
foreign key (parent2) references parent(id)
constraint-validated-at-once | alter table parent add constraint selff foreign key (id) references parent(id)
foreign-key-not-indexed | create table nt(id serial primary key, p bigint references parent on delete cascade, q \
bigint references nt(id))
nothing-created | create table if not exists t (id int references parent(id))
blocking-work | create table part3 (like part) || alter table part attach partition part3 for values from (40) to (50)
object-dropped | drop materialized view mv
renamed | alter materialized view mv rename to mv2
guarantee-dropped | drop index mv_u
object-dropped | create policy p on t using (true) || drop policy p on t
granted-to-everyone | grant select (a) on t to public
all-rows-updated | update child set pid = 7
all-rows-deleted | with d as (delete from child returning *) insert into parent select id + 1000 from d
table-locked | lock table t
table-locked, table-locked | lock table t, parent in share mode
renamed | alter type mood rename to mood2
blocking-work | alter table t add column x dom_nochk || alter domain dom_nochk add check (value < 100)
blocking-work | alter table t add column x dom_nochk default 1 || alter domain dom_nochk set not null
blocking-work | alter table part add column x dom_nochk || alter domain dom_nochk add check (value < 100)
table-rewritten | create domain d3 as int not null || alter table t add column x d3 default 4
dropped-by-cascade | drop function trgf() cascade
not-null-set, table-rewritten | alter table t alter column a set not null, alter column a type bigint
constraint-validated-at-once, constraint-validated-at-once | alter table t add column v int default 3 not null check \
(v > 0), add unique (v, id)
not-null-set | alter table t add constraint ck check (a is not null) not valid || alter table t alter column a set \
not null
primary-key-changed | alter table p2 add primary key (id, d)
constraint-validated-at-once, foreign-key-not-indexed | alter table p2 add foreign key (id) references parent(id)
index-not-concurrent | create index on p2(id)
trigger-disabled | alter table p2 disable trigger all
table-locked | lock p2
primary-key-changed | alter table t drop constraint t_pkey, add primary key (id, nn)
table-rewritten | alter table t alter a type bigint, alter b type text, add column z int default 3
table-rewritten | alter table t alter column c type xml using c::xml
"""
VERDICTS = {text: rules for rules, _, text in (line.partition(" | ") for line in _FOUND.strip().splitlines())}
# The index of a partition is built under a stronger lock from PostgreSQL 18 on.
LATER = {"alter table part add constraint pu unique (d, id)": "part AE, part1 AE, part_def AE"}
# What these statements need is not on every server, or not the database owner's to do.
ELSEWHERE = ("citext", "xml", "disable trigger all")
