-- Component files that administrators uploaded: every version until it is removed.
CREATE TABLE component_files (
    name TEXT COLLATE "C" NOT NULL,
    -- SHA-256, hexadecimal.
    digest TEXT COLLATE "C" NOT NULL,
    bytes BYTEA NOT NULL,
    size BIGINT NOT NULL,
    -- Version of the contract that it was built for.
    contract TEXT NOT NULL,
    -- Ed25519, of the bytes; absent: none was needed.
    signature BYTEA,
    uploaded_at BIGINT NOT NULL,
    PRIMARY KEY (name, digest)
);

-- Which of the versions decides, and which is watched.
CREATE TABLE components (
    name TEXT COLLATE "C" PRIMARY KEY,
    -- Absent: that of the program or of the folder, if there is one.
    active TEXT COLLATE "C",
    shadow TEXT COLLATE "C",
    since BIGINT NOT NULL
);

-- Components belong to no realm: an announcement without an id.
CREATE FUNCTION announce_components() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    current_number BIGINT;
BEGIN
    UPDATE change_counter SET number = number + 1 RETURNING number INTO current_number;
    PERFORM pg_notify('matricula_changes', current_number || ' ');
    RETURN NULL;
END $$;
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON component_files
    FOR EACH STATEMENT EXECUTE FUNCTION announce_components();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON components
    FOR EACH STATEMENT EXECUTE FUNCTION announce_components();

-- Who uses a component.
CREATE INDEX policies_provider ON policies (provider_id);

-- What was asked, for replays: a registration without its secrets.
ALTER TABLE decisions ADD COLUMN request BYTEA;
CREATE INDEX decisions_request ON decisions (number) WHERE request IS NOT NULL;
