-- What uuid-ossp offers (https://www.postgresql.org/docs/current/uuid-ossp.html), made of what every server has, for
-- servers that are built without it. Versions 3 and 5 are computed by RFC 9562; version 1 as on a machine that has no
-- network card, with a random node.

CREATE FUNCTION uuid_nil() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT '00000000-0000-0000-0000-000000000000'::uuid $$;
CREATE FUNCTION uuid_ns_dns() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
CREATE FUNCTION uuid_ns_url() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
CREATE FUNCTION uuid_ns_oid() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
CREATE FUNCTION uuid_ns_x500() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::uuid $$;

CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE internal VOLATILE STRICT PARALLEL SAFE AS 'gen_random_uuid';

-- 100 ns since 1582-10-15, of which the server's clock knows microseconds; the rest is chance, as the node is.
-- What is called while this script runs is named with its schema: a migration may have put its own before it.
DO $do$ DECLARE name text; BEGIN
    FOREACH name IN ARRAY ARRAY['uuid_generate_v1', 'uuid_generate_v1mc'] LOOP
        EXECUTE pg_catalog.format($create$
CREATE FUNCTION %s() RETURNS uuid LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE SET search_path = ''
AS $$
DECLARE
    ticks bigint := (extract(epoch FROM clock_timestamp()) * 10000000)::bigint + 122192928000000000
        + (random() * 9)::int;
    stamp bytea := int8send(ticks);
    made bytea := substring(stamp, 5, 4) || substring(stamp, 3, 2) || substring(stamp, 1, 2)
        || substring(uuid_send(gen_random_uuid()), 9, 8);
BEGIN
    made := set_byte(made, 6, (get_byte(made, 6) & 15) | 16);
    made := set_byte(made, 10, get_byte(made, 10) | 1);
    RETURN encode(made, 'hex')::uuid;
END $$
        $create$, name);
    END LOOP;
END $do$;

CREATE FUNCTION uuid_generate_v3(namespace uuid, name text) RETURNS uuid LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = ''
AS $$
DECLARE
    made bytea := decode(md5(uuid_send(namespace) || convert_to(name, getdatabaseencoding())), 'hex');
BEGIN
    made := set_byte(made, 6, (get_byte(made, 6) & 15) | 48);
    made := set_byte(made, 8, (get_byte(made, 8) & 63) | 128);
    RETURN encode(made, 'hex')::uuid;
END $$;

-- SHA-1 (https://www.rfc-editor.org/rfc/rfc3174), which no function of the server computes; 32 bits in a bigint.
CREATE FUNCTION uuid_generate_v5(namespace uuid, name text) RETURNS uuid LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = ''
AS $$
DECLARE
    mask CONSTANT bigint := 4294967295;
    said bytea := uuid_send(namespace) || convert_to(name, getdatabaseencoding());
    bits CONSTANT bigint := length(said) * 8;
    h bigint[] := ARRAY[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
    w bigint[];
    a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint; x bigint;
    made bytea := '';
BEGIN
    said := said || '\x80'::bytea;
    said := said || decode(repeat('00', (120 - length(said) % 64) % 64), 'hex') || int8send(bits);
    FOR block IN 0 .. length(said) / 64 - 1 LOOP
        FOR t IN 0 .. 79 LOOP
            IF t < 16 THEN
                x := 0;
                FOR i IN 0 .. 3 LOOP
                    x := (x << 8) | get_byte(said, block * 64 + t * 4 + i);
                END LOOP;
            ELSE
                x := w[t - 3] # w[t - 8] # w[t - 14] # w[t - 16];
                x := ((x << 1) | (x >> 31)) & mask;
            END IF;
            w[t] := x;
        END LOOP;
        a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
        FOR t IN 0 .. 79 LOOP
            IF t < 20 THEN
                f := (b & c) | ((~b) & mask & d); k := 1518500249;
            ELSIF t < 40 THEN
                f := b # c # d; k := 1859775393;
            ELSIF t < 60 THEN
                f := (b & c) | (b & d) | (c & d); k := 2400959708;
            ELSE
                f := b # c # d; k := 3395469782;
            END IF;
            x := ((((a << 5) & mask) | (a >> 27)) + f + e + k + w[t]) & mask;
            e := d; d := c; c := ((b << 30) & mask) | (b >> 2); b := a; a := x;
        END LOOP;
        h := ARRAY[(h[1] + a) & mask, (h[2] + b) & mask, (h[3] + c) & mask, (h[4] + d) & mask, (h[5] + e) & mask];
    END LOOP;
    FOR i IN 1 .. 4 LOOP
        made := made || substring(int8send(h[i]), 5, 4);
    END LOOP;
    made := set_byte(made, 6, (get_byte(made, 6) & 15) | 80);
    made := set_byte(made, 8, (get_byte(made, 8) & 63) | 128);
    RETURN encode(made, 'hex')::uuid;
END $$;
