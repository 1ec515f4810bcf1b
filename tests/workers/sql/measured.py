"""What a PostgreSQL 15.18 server did for each form of statement: its locks, and the tables that got new storage."""

from __future__ import annotations

SETUP = """
create table parent(id bigint primary key, name text);
create table t(id bigint primary key, a int, b varchar(10), c text, n numeric(10,2), ts timestamp, parent_id bigint,
    nn text not null default 'x', ci citext, cid cidr);
create index t_a_idx on t(a);
create table child(id bigint primary key, pid bigint references parent(id));
create table part(id bigint, d int) partition by range(d);
create table part1 partition of part for values from (0) to (10);
create table part_def partition of part default;
create table part2(id bigint, d int);
create materialized view mv as select id from t;
create unique index mv_u on mv(id);
create type mood as enum('a','b');
create domain dom_chk as int check (value>0);
create domain dom_nochk as int;
create trigger trg before insert on t for each row execute function trgf();
create table p2(id int, d int not null) partition by range(d);
create table p2a partition of p2 for values from (0) to (9);
"""

# Time zone UTC, rows in every table. In each line: what runs before || the statement | the strongest lock above ACCESS
# SHARE on each table that was there before | the tables that got new storage.
MEASURED = """
alter table t add column x timestamptz not null default now() | t AE |
alter table t add column x timestamptz not null default clock_timestamp() | t AE | t
alter table t add column x uuid default gen_random_uuid() | t AE | t
alter table t add column x int default -1 | t AE |
alter table t add column x text default lower('A') | t AE |
alter table t add column x serial | t AE | t
alter table t add column x bigint generated always as identity | t AE | t
alter table t add column x int generated always as (a*2) stored | t AE | t
alter table t add column x dom_chk | t AE | t
alter table t add column x dom_nochk | t AE |
alter table t add column x dom_chk default 5 | t AE | t
alter table t add column x int references parent(id) | parent SRE, t AE |
alter table t add column x int unique | t AE |
alter table t add column x int check (x>0) | t AE |
alter table t add column x int default 5 check (x>0) | t AE |
create unique index uu on t(id) || alter table t add constraint u unique using index uu | t AE |
alter table t add constraint ck check (a>0) | t AE |
alter table t add constraint ck check (a>0) not valid | t AE |
alter table t add constraint ck check (a>0) not valid || alter table t validate constraint ck | t SUE |
alter table t add constraint fk foreign key(parent_id) references parent(id) | parent SRE, t SRE |
alter table t add constraint fk foreign key(parent_id) references parent(id) not valid | parent SRE, t SRE |
alter table t add constraint fk foreign key(parent_id) references parent(id) not valid || alter table t \
validate constraint fk | parent RS, t SUE |
alter table t add constraint ex exclude (a with =) | t AE |
alter table child drop constraint child_pid_fkey | child AE, parent AE |
alter table t alter column a set not null | t AE |
alter table t add constraint ck check (a is not null) || alter table t alter column a set not null | t AE |
alter table t alter column nn drop not null | t AE |
alter table t alter column a set default 5 | t AE |
alter table t alter column a type bigint | t AE | t
alter table t alter column b type varchar(20) | t AE |
alter table t alter column b type varchar(5) | t AE | t
alter table t alter column b type text | t AE |
alter table t alter column c type varchar(20) | t AE | t
alter table t alter column c type varchar | t AE |
alter table t alter column c type citext | t AE |
alter table t alter column n type numeric(12,2) | t AE |
alter table t alter column n type numeric(12,3) | t AE | t
alter table t alter column n type numeric | t AE |
alter table t alter column ts type timestamptz | t AE |
alter table t alter column cid type inet | t AE |
create index on t(b) || alter table t alter column b type text | t AE |
alter table t add constraint ck check (b<>'') || alter table t alter column b type text | t AE |
alter table t rename column a to a2 | t AE |
alter table t rename to t2 | t AE |
alter table t drop column c | t AE |
create table nt(id bigint primary key, pid bigint references parent(id)) | parent SRE |
create table nt(id bigint primary key) |  |
drop table child | child AE, parent AE |
drop index t_a_idx | t AE |
create index i on t(c) | t S |
create index i on part(d) | part S, part1 S, part_def S |
create index i on only part(d) | part S |
reindex table t | t S |
reindex index t_a_idx | t S |
alter table part attach partition part2 for values from (10) to (20) | part SUE, part2 AE, part_def AE |
alter table part2 add constraint d_ck check (d is not null and d>=10 and d<20); alter table part_def add \
constraint dd_ck check (d is not null and d<0) || alter table part attach partition part2 for values from \
(10) to (20) | part SUE, part2 AE, part_def AE |
alter table part detach partition part1 | part AE, part1 AE, part_def AE |
create table part3 partition of part for values from (30) to (40) | part AE, part_def AE |
create trigger tr2 before insert on t for each row execute function trgf() | t SRE |
drop trigger trg on t | t AE |
alter table t disable trigger trg | t SRE |
refresh materialized view mv | mv AE | mv
refresh materialized view concurrently mv | mv E |
alter table t set unlogged | t AE | t
alter table t set (fillfactor=70) | t SUE |
alter table t alter column a set statistics 500 | t SUE |
alter table t enable row level security | t AE |
alter table t replica identity full | t AE |
comment on table t is 'x' | t SUE |
alter type mood add value 'c' |  |
alter type mood rename value 'a' to 'z' |  |
truncate t | t AE | t
truncate parent cascade | child AE, parent AE | child parent
update t set a=1 | t RE |
delete from t | t RE |
lock table t in access exclusive mode | t AE |
cluster t using t_pkey | t AE | t
create or replace view v as select * from t |  |
create policy p on t using (true) | t AE |
grant select on t to public |  |
alter table t alter column a drop default | t AE |
alter index t_a_idx rename to t_a_idx2 |  |
alter sequence if exists foo restart |  |
create statistics st on a,b from t | t SUE |
alter table child alter constraint child_pid_fkey deferrable | child AE |
analyze t | t SUE |
alter table child drop column pid | child AE, parent AE |
alter table child alter column pid type int | child AE, parent AE | child
alter table parent alter column id type int | child AE, parent AE | parent
alter table parent drop column id cascade | child AE, parent AE |
alter table parent rename column id to id2 | parent AE |
alter table part add column z int default 5 | part AE, part1 AE, part_def AE |
alter table part add column z uuid default gen_random_uuid() | part AE, part1 AE, part_def AE | part1 part_def
alter table part alter column d set not null | part AE, part1 AE, part_def AE |
alter table part drop column id | part AE, part1 AE, part_def AE |
alter table part rename column id to id9 | part AE, part1 AE, part_def AE |
alter table part rename to part9 | part AE |
alter table part alter column id set default 3 | part AE, part1 AE, part_def AE |
alter table part alter column id drop default | part AE, part1 AE, part_def AE |
alter table part add constraint pc check (id > -1) | part AE, part1 AE, part_def AE |
alter table part add constraint pc check (id > -1) not valid | part AE, part1 AE, part_def AE |
alter table part add constraint pu unique (d, id) | part AE, part1 S, part_def S |
alter table part add constraint pc check (id > -1) not valid || alter table part validate constraint pc | \
part SUE, part1 SUE, part_def SUE |
alter table part add constraint pc check (id > -1) || alter table part drop constraint pc | part AE, part1 \
AE, part_def AE |
drop table part | part AE, part1 AE, part_def AE |
drop table part1 | part AE, part1 AE, part_def AE |
drop table parent cascade | child AE, parent AE |
truncate part | part AE, part1 AE, part_def AE | part1 part_def
truncate part1 | part1 AE | part1
update part set id = 1 | part RE, part1 RE, part_def RE |
delete from part where d = 3 | part RE, part1 RE |
create trigger tp after insert on part for each row execute function trgf() | part SRE, part1 SRE, part_def SRE |
alter table part enable row level security | part AE |
alter table part set schema public | part AE |
alter table part owner to postgres | part AE |
alter table t owner to postgres | t AE |
alter table t set logged | t AE |
alter table t set tablespace pg_default | t AE |
alter table t cluster on t_pkey | t SUE |
alter table t set without cluster | t SUE |
alter table t alter column c set storage external | t AE |
alter table t alter column c set compression pglz | t AE |
alter table t alter column a set (n_distinct = 5) | t SUE |
alter table t alter column a reset (n_distinct) | t SUE |
alter table t reset (fillfactor) | t SUE |
alter table t drop constraint t_pkey | t AE |
create unique index uu on t(id) || alter table t drop constraint t_pkey, add constraint t_pkey primary key \
using index uu | t AE |
alter table t alter column a set not null || alter table t alter column a add generated by default as \
identity | t AE |
alter table child rename constraint child_pid_fkey to x | child AE |
alter table child validate constraint child_pid_fkey | child SUE |
alter table t alter column ts type timestamptz using ts at time zone 'UTC' | t AE | t
alter table t alter column b type text using b::text | t AE |
alter table t alter column a type text | t AE | t
alter table t alter column a type int | t AE |
alter table t alter column b type varchar(10) collate "C" | t AE |
alter table t alter column b type text collate "C" | t AE |
alter table t alter column c type text collate "C" | t AE |
alter table t alter column ci type text | t AE |
alter table t alter column c type xml using c::xml | t AE | t
alter table t alter column ci type varchar | t AE |
alter table t alter column ci type varchar(30) | t AE | t
alter table t alter column b type citext | t AE |
alter table t alter column a type oid using a::oid | t AE |
alter table t alter column ts type timestamp(3) | t AE | t
alter table t alter column ts type timestamp(6) | t AE |
alter table t alter column ts type date | t AE | t
alter table t alter column n type int | t AE | t
alter table t alter column b type char(10) | t AE | t
alter table t add column x text not null default 'a', add column y int, drop column c | t AE |
alter table t add column x int default (random()*10)::int | t AE | t
alter table t add column x varchar(20) default 'abc'::character varying(20) | t AE |
alter table t add column x jsonb default '{}'::jsonb not null | t AE |
alter table t add column x text[] default array[]::text[] | t AE |
alter table t add column x timestamp(3) not null default current_timestamp | t AE |
alter table t add column x timestamp(3) default current_timestamp(3) | t AE |
alter table t add column x timestamptz default timezone('utc', now()) | t AE |
alter table t add column x text default md5(random()::text) | t AE | t
alter table t add column x text default current_user | t AE |
alter table t add column x date default current_date | t AE |
alter table t add column x mood default 'a' | t AE |
create sequence s || alter table t add column x bigint default nextval('s') | t AE | t
alter table t add column x int default 5 references parent(id) | parent SRE, t AE |
alter table t add column x int references parent(id) on delete set null | parent SRE, t AE |
alter table t add column x text collate "C" default 'a' | t AE |
alter table t add column parent2 bigint, add constraint pfk foreign key (parent2) references parent(id) | \
parent SRE, t AE |
alter table parent add constraint selff foreign key (id) references parent(id) | parent SRE |
create table nt(id serial primary key, p bigint references parent on delete cascade, q bigint references \
nt(id)) | parent SRE |
create table nt(like t including all) |  |
create table nt(x int) inherits (parent) | parent SUE |
create table nt as select * from t |  |
create table if not exists t (id int references parent(id)) |  |
create temp table nt(x bigint) |  |
create table part3 (like part) || alter table part attach partition part3 for values from (40) to (50) | part \
SUE, part3 AE, part_def AE |
create view vv as select * from t |  |
create materialized view vv as select * from t |  |
drop materialized view mv | mv AE |
alter materialized view mv rename to mv2 | mv AE |
alter materialized view mv owner to postgres | mv AE |
create index on mv(id) | mv S |
drop index mv_u | mv AE |
reindex table mv | mv S |
create policy p on t using (true) || alter policy p on t using (false) | t AE |
create policy p on t using (true) || drop policy p on t | t AE |
create rule r as on delete to t do instead nothing | t AE |
alter trigger trg on t rename to trg2 | t AE |
comment on column t.a is 'x' | t SUE |
comment on constraint child_pid_fkey on child is 'x' |  |
comment on trigger trg on t is 'x' |  |
comment on materialized view mv is 'x' | mv SUE |
comment on index t_a_idx is 'x' |  |
grant select (a) on t to public |  |
revoke all on t from public |  |
insert into t(id) values (99999) | t RE |
insert into child values (888, 3) | child RE, parent RS |
delete from child where id = 5 | child RE |
update child set pid = 7 | child RE, parent RS |
merge into t using parent p on p.id = t.id when matched then update set a = 2 | t RE |
with d as (delete from child returning *) insert into parent select id + 1000 from d | child RE, parent RE |
lock table t | t AE |
lock table t, parent in share mode | parent S, t S |
alter table parent disable trigger all | parent SRE |
alter table part detach partition part_def | part AE, part_def AE |
alter table t replica identity using index t_pkey | t AE |
alter type mood rename to mood2 |  |
alter domain dom_chk add check (value < 100) |  |
alter table t add column x dom_nochk || alter domain dom_nochk add check (value < 100) | t S |
alter table t add column x dom_nochk || alter domain dom_nochk add constraint c check (value < 9) not valid |  |
alter table t add column x dom_nochk default 1 || alter domain dom_nochk set not null | t S |
alter table part add column x dom_nochk || alter domain dom_nochk add check (value < 100) | part1 S, part_def S |
alter table t add column x dom_nochk || alter domain dom_nochk set default 3 |  |
create domain d3 as int not null || alter table t add column x d3 default 4 | t AE | t
create index ix on t(a, b) || alter index ix set (fillfactor = 50) |  |
create index ix on t(a, b) || alter index ix rename to ix3 |  |
drop type mood |  |
drop function trgf() cascade | t AE |
do $$ begin end $$ |  |
select * from t for update | t RS |
alter table t alter column a set not null, alter column a type bigint | t AE | t
alter table t add column v int default 3 not null check (v > 0), add unique (v, id) | t AE |
alter table t alter n type numeric(12,2), alter b type varchar(40) | t AE |
alter table t add constraint ck check (a is not null) not valid || alter table t alter column a set not null | t AE |
alter table p2 add primary key (id, d) | p2 AE, p2a AE |
alter table p2 add foreign key (id) references parent(id) | p2 SRE, p2a SRE, parent SRE |
create index on p2(id) | p2 S, p2a S |
comment on table p2 is 'x' | p2 SUE |
create policy p on p2 using (true) | p2 AE |
alter table p2 add constraint pc check (d > -5) || alter table p2 rename constraint pc to x | p2 AE, p2a AE |
alter table p2 disable trigger all | p2 SRE |
analyze p2 | p2 SUE, p2a SUE |
lock p2 | p2 AE, p2a AE |
alter table p2 alter id set statistics 4 | p2 SUE, p2a SUE |
alter table p2 alter id set storage plain | p2 AE, p2a AE |
create unlogged table ul(id int) || alter table ul set logged | ul AE | ul
create index on t(c) || drop index t_c_idx | t AE |
create index if not exists t_a_idx on t(a) | t S |
alter table t add column if not exists a int default random() | t AE |
alter table t drop column if exists zz | t AE |
alter table t add column x int default null | t AE |
create table nt(id int); insert into nt values (1) || drop table nt | nt AE |
alter table t drop constraint t_pkey, add primary key (id, nn) | t AE |
alter table t alter a type bigint, alter b type text, add column z int default 3 | t AE | t
"""

MODES = {
    "AE": "ACCESS EXCLUSIVE",
    "E": "EXCLUSIVE",
    "SRE": "SHARE ROW EXCLUSIVE",
    "S": "SHARE",
    "SUE": "SHARE UPDATE EXCLUSIVE",
    "RE": "ROW EXCLUSIVE",
    "RS": "ROW SHARE",
}

# Where the prediction differs from what was measured: what is predicted, and why.
EXCEPTIONS = {
    "truncate t": ("t AE", "", "emptying a table is a fact of its own: Facts.truncated"),
    "truncate parent cascade": ("child AE, parent AE", "", "emptying a table is a fact of its own: Facts.truncated"),
    "truncate part": ("part AE, part1 AE, part_def AE", "", "emptying a table is a fact of its own: Facts.truncated"),
    "truncate part1": ("part1 AE", "", "emptying a table is a fact of its own: Facts.truncated"),
    "delete from part where d = 3": (
        "part RE, part1 RE, part_def RE",
        "",
        "which partitions a condition leaves out is not foreseen",
    ),
    "alter table t set logged": ("t AE", "t", "whether it was logged before is not known"),
    "alter table t set tablespace pg_default": ("t AE", "t", "whether it was there before is not known"),
    "alter table child validate constraint child_pid_fkey": (
        "child SUE, parent RS",
        "",
        "that it is valid already is not remembered",
    ),
    "alter table t alter column a type oid using a::oid": (
        "t AE",
        "t",
        "integer and oid are stored alike; too rare to know",
    ),
    "insert into child values (888, 3)": (
        "child RE",
        "",
        "rows lock the rows that they refer to; which do is in the data",
    ),
    "update child set pid = 7": ("child RE", "", "rows lock the rows that they refer to; which do is in the data"),
    "drop function trgf() cascade": ("", "", "what depends on a function is not in the text"),
    "select * from t for update": ("", "", "queries are not read"),
}
