-- Component files that administrators uploaded: every version until it is removed.
CREATE TABLE component_files (
    name TEXT NOT NULL,
    -- SHA-256, hexadecimal.
    digest TEXT NOT NULL,
    bytes BLOB NOT NULL,
    size INTEGER NOT NULL,
    -- Version of the contract that it was built for.
    contract TEXT NOT NULL,
    -- Ed25519, of the bytes; absent: none was needed.
    signature BLOB,
    uploaded_at INTEGER NOT NULL,
    PRIMARY KEY (name, digest)
) STRICT;

-- Which of the versions decides, and which is watched.
CREATE TABLE components (
    name TEXT NOT NULL PRIMARY KEY,
    -- Absent: that of the program or of the folder, if there is one.
    active TEXT,
    shadow TEXT,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who uses a component.
CREATE INDEX policies_provider ON policies (provider_id);

-- What was asked, for replays: a registration without its secrets.
ALTER TABLE decisions ADD COLUMN request BLOB;
CREATE INDEX decisions_request ON decisions (number) WHERE request IS NOT NULL;
