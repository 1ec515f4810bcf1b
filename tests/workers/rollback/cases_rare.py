"""What few migrations make: collations, conversions, operators, casts, text search."""

from __future__ import annotations

from tests.workers.rollback.case import EXACT, LOSSY, SHOP, Case

OPEN = "CREATE SCHEMA s; GRANT CREATE ON SCHEMA s TO pg_database_owner;"

_MONEY = """
CREATE TYPE price AS (cents int);
CREATE FUNCTION cents(price) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT ($1).cents';
CREATE FUNCTION same(price, price) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT ($1).cents = ($2).cents';
CREATE FUNCTION other(price, price) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT ($1).cents <> ($2).cents';
CREATE FUNCTION minus(price) RETURNS price LANGUAGE sql IMMUTABLE AS 'SELECT ROW(-($1).cents)::price';
"""

_CASTS = (
    _MONEY
    + """
CREATE CAST (price AS int) WITH FUNCTION cents(price) AS ASSIGNMENT;
COMMENT ON CAST (price AS int) IS 'in cents';
CREATE CAST (price AS text) WITH INOUT AS IMPLICIT;
CREATE TABLE goods (p price, c int);
CREATE VIEW sums AS SELECT p::int AS cents FROM goods;
"""
)

_OPERATORS = (
    _MONEY
    + """
CREATE OPERATOR === (FUNCTION = same, LEFTARG = price, RIGHTARG = price, COMMUTATOR = ===, NEGATOR = !==,
    RESTRICT = eqsel, JOIN = eqjoinsel, HASHES);
CREATE OPERATOR !== (FUNCTION = other, LEFTARG = price, RIGHTARG = price, COMMUTATOR = !==, NEGATOR = ===);
CREATE OPERATOR !~ (FUNCTION = minus, RIGHTARG = price);
COMMENT ON OPERATOR === (price, price) IS 'costs the same';
CREATE TABLE goods (p price, q price CHECK (p === q));
CREATE VIEW cheap AS SELECT p FROM goods WHERE p !== q;
"""
)

_PARTNERLESS = (
    _MONEY
    + """
CREATE OPERATOR === (FUNCTION = same, LEFTARG = price, RIGHTARG = price);
CREATE OPERATOR !== (FUNCTION = other, LEFTARG = price, RIGHTARG = price);
CREATE TABLE goods (p price, q price CHECK (p === q));
CREATE VIEW cheap AS SELECT p FROM goods WHERE p !== q;
"""
)
_NAMING = "CREATE OPERATOR <<< (FUNCTION = other, LEFTARG = price, RIGHTARG = price, COMMUTATOR = >>>);"

_WORDS = """
CREATE SCHEMA lang; GRANT CREATE ON SCHEMA lang TO pg_database_owner;
CREATE TEXT SEARCH DICTIONARY lang.short (TEMPLATE = pg_catalog.simple, stopwords = english, accept = false);
COMMENT ON TEXT SEARCH DICTIONARY lang.short IS 'no stop words';
CREATE TEXT SEARCH DICTIONARY plain (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION words (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR asciiword, word WITH lang.short, plain;
ALTER TEXT SEARCH CONFIGURATION words DROP MAPPING FOR email;
COMMENT ON TEXT SEARCH CONFIGURATION words IS 'of ours';
CREATE TABLE texts (t text);
CREATE INDEX found ON texts USING gin (to_tsvector('words', t));
"""

COLLATIONS = (
    Case(
        "collations swap names",
        'CREATE COLLATION c FROM "C"; CREATE COLLATION d FROM "POSIX"; CREATE TABLE t (a text COLLATE c)',
        "ALTER COLLATION c RENAME TO x; ALTER COLLATION d RENAME TO c; ALTER COLLATION x RENAME TO d",
        EXACT,
    ),
    Case(
        "collation moved to a new schema",
        'CREATE COLLATION c FROM "C"; CREATE TABLE t (a text COLLATE c); CREATE INDEX i ON t (a)',
        "CREATE SCHEMA s; ALTER COLLATION c SET SCHEMA s",
        EXACT,
    ),
    Case("collation made", SHOP, 'CREATE COLLATION c FROM "C"; CREATE INDEX i ON "Post" (title COLLATE c)', EXACT),
    Case(
        "collation dropped",
        "CREATE COLLATION c (lc_collate = 'C', lc_ctype = 'POSIX'); COMMENT ON COLLATION c IS 'bytes'; "
        "ALTER COLLATION c OWNER TO pg_database_owner; CREATE TABLE t (a text COLLATE c); CREATE INDEX i ON t (a)",
        "DROP COLLATION c CASCADE",
        LOSSY,
        since=15,
    ),
    Case(
        "collation changed",
        OPEN + 'CREATE COLLATION c FROM "C"; CREATE TABLE t (a text COLLATE c)',
        "ALTER COLLATION c RENAME TO d; ALTER COLLATION d SET SCHEMA s; "
        "ALTER COLLATION s.d OWNER TO pg_database_owner; COMMENT ON COLLATION s.d IS 'moved'",
        EXACT,
        since=15,
    ),
    Case(
        "collation made again as another",
        'CREATE COLLATION c FROM "C"; CREATE TABLE t (a text COLLATE c)',
        'ALTER TABLE t ALTER a TYPE text COLLATE "C"; DROP COLLATION c; CREATE COLLATION c FROM "POSIX"; '
        "ALTER TABLE t ALTER a TYPE text COLLATE c",
        EXACT,
    ),
    Case(
        "conversion made",
        "SELECT 1",
        "CREATE DEFAULT CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1",
        EXACT,
    ),
    Case(
        "conversion dropped",
        "CREATE DEFAULT CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1; COMMENT ON CONVERSION c IS 'x'",
        "DROP CONVERSION c",
        EXACT,
    ),
    Case(
        "conversion changed",
        "CREATE SCHEMA s; CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1",
        "ALTER CONVERSION c RENAME TO d; ALTER CONVERSION d SET SCHEMA s; COMMENT ON CONVERSION s.d IS 'y'",
        EXACT,
    ),
)

OPERATORS = (
    Case(
        "type with operators and casts dropped",
        _OPERATORS + _CASTS.removeprefix(_MONEY).partition("CREATE TABLE")[0],
        "DROP TYPE price CASCADE",
        LOSSY,
    ),
    Case("casts made", _MONEY, _CASTS.removeprefix(_MONEY), EXACT),
    Case("casts dropped", _CASTS, "DROP CAST (price AS int); DROP CAST (price AS text)", EXACT),
    Case(
        "cast made again as another",
        _CASTS,
        "DROP CAST (price AS int); CREATE CAST (price AS int) WITH FUNCTION cents(price) AS IMPLICIT",
        EXACT,
    ),
    Case("cast's comment", _CASTS, "COMMENT ON CAST (price AS int) IS NULL", EXACT),
    Case("cast's type renamed", _CASTS, "ALTER TYPE price RENAME TO cost", EXACT),
    Case("cast's function dropped", _CASTS, "DROP FUNCTION cents(price) CASCADE", EXACT),
    Case("operators made", _MONEY, _OPERATORS.removeprefix(_MONEY), EXACT),
    Case(
        "operators dropped",
        _OPERATORS,
        "DROP OPERATOR === (price, price) CASCADE; DROP OPERATOR !== (price, price) CASCADE; "
        "DROP OPERATOR !~ (NONE, price)",
        EXACT,
    ),
    Case("one of two partners dropped", _OPERATORS, "DROP OPERATOR === (price, price) CASCADE", EXACT),
    Case(
        "partner made",
        _MONEY + "CREATE OPERATOR === (FUNCTION = same, LEFTARG = price, RIGHTARG = price);",
        "CREATE OPERATOR !== (FUNCTION = other, LEFTARG = price, RIGHTARG = price, NEGATOR = ===)",
        EXACT,
    ),
    Case(
        "operator changed",
        _OPERATORS + "CREATE SCHEMA s;",
        "ALTER OPERATOR === (price, price) SET (RESTRICT = NONE, JOIN = NONE); "
        "ALTER OPERATOR !== (price, price) SET (RESTRICT = neqsel, JOIN = neqjoinsel); "
        "ALTER OPERATOR === (price, price) SET SCHEMA s; COMMENT ON OPERATOR s.=== (price, price) IS 'x'; "
        "ALTER OPERATOR !~ (NONE, price) OWNER TO pg_database_owner",
        EXACT,
        since=15,
    ),
    Case(
        "operator that hashes and merges",
        _OPERATORS,
        "ALTER OPERATOR === (price, price) SET (MERGES)",
        EXACT,
        since=17,
    ),
    Case(
        "operator's function made again",
        _OPERATORS,
        "DROP FUNCTION same(price, price) CASCADE; "
        + """
        CREATE FUNCTION same(a price, b price) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'""",
        EXACT,
    ),
    Case(
        "operator that gets partners",
        _PARTNERLESS,
        "ALTER OPERATOR === (price, price) SET (COMMUTATOR = ===, NEGATOR = !==)",
        EXACT,
        since=17,
    ),
    Case(
        "partner that was only named made",
        _PARTNERLESS + _NAMING,
        "CREATE OPERATOR >>> (FUNCTION = other, LEFTARG = price, RIGHTARG = price, COMMUTATOR = <<<)",
        EXACT,
    ),
    Case("operator that names a partner made", _PARTNERLESS, _NAMING, EXACT),
    Case("operator's type renamed", _OPERATORS, "ALTER TYPE price RENAME TO cost", EXACT),
)

TEXT_SEARCH = (
    Case(
        "text search moved to a new schema",
        _WORDS,
        "CREATE SCHEMA s; ALTER TEXT SEARCH CONFIGURATION words SET SCHEMA s; "
        "ALTER TEXT SEARCH DICTIONARY plain SET SCHEMA s; CREATE TEXT SEARCH CONFIGURATION words (COPY = english)",
        EXACT,
    ),
    Case("text search made", "SELECT 1", _WORDS, EXACT),
    Case(
        "text search dropped",
        _WORDS,
        "DROP TEXT SEARCH CONFIGURATION words CASCADE; DROP TEXT SEARCH DICTIONARY plain; DROP SCHEMA lang CASCADE",
        EXACT,
    ),
    Case("dictionary dropped under a configuration", _WORDS, "DROP TEXT SEARCH DICTIONARY plain CASCADE", EXACT),
    Case(
        "mappings changed",
        _WORDS,
        "ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR asciiword WITH plain; "
        "ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING REPLACE simple WITH plain; "
        "ALTER TEXT SEARCH CONFIGURATION words ADD MAPPING FOR email WITH simple; "
        "ALTER TEXT SEARCH CONFIGURATION words DROP MAPPING FOR url, host; "
        "ALTER TEXT SEARCH DICTIONARY plain RENAME TO p",
        EXACT,
    ),
    Case(
        "configuration changed",
        _WORDS,
        "ALTER TEXT SEARCH CONFIGURATION words RENAME TO terms; ALTER TEXT SEARCH CONFIGURATION terms SET SCHEMA lang; "
        "ALTER TEXT SEARCH CONFIGURATION lang.terms OWNER TO pg_database_owner; "
        "COMMENT ON TEXT SEARCH CONFIGURATION lang.terms IS NULL",
        EXACT,
        since=15,
    ),
    Case(
        "dictionary changed",
        _WORDS,
        "ALTER TEXT SEARCH DICTIONARY lang.short (stopwords, accept = true); "
        "ALTER TEXT SEARCH DICTIONARY plain (accept = false, stopwords = 'english'); "
        "ALTER TEXT SEARCH DICTIONARY lang.short SET SCHEMA public; ALTER TEXT SEARCH DICTIONARY short RENAME TO s",
        EXACT,
    ),
    Case(
        "configuration made again as another",
        _WORDS.partition("CREATE TABLE")[0],
        "DROP TEXT SEARCH CONFIGURATION words; CREATE TEXT SEARCH CONFIGURATION words (COPY = english)",
        EXACT,
    ),
)
